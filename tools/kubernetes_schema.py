#!/usr/bin/env python3
"""Writes meshctl/check/kubernetes/schema.json from the OpenAPI document that an API server publishes.

    kubectl get --raw /openapi/v2 | python tools/kubernetes_schema.py

What `check` needs of it are names and types, a fortieth of the document; meshctl/check/kubernetes/schema.py explains
the form. Definitions are one a line, so that the difference between two versions of Kubernetes can be read.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "meshctl/check/kubernetes/schema.json"
_KIND = "x-kubernetes-group-version-kind"
_FOREIGN = ("io.istio.", "io.k8s.x-kwok.", "io.x-k8s.")  # definitions of CRDs that the sandbox installs
_SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "t",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "t",
}
_SIMPLE = {"string": "s", "integer": "i", "number": "n", "boolean": "b"}
_UNJUDGED = {"status", "managedFields"}  # what the server writes


class Schema:
    """Collects the definitions that the kinds lead to."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._definitions = document["definitions"]
        self.version = document["info"]["version"]
        self.kinds: dict[str, str] = {}
        self.types: dict[str, dict[str, Any]] = {}
        for name, definition in self._definitions.items():
            for kind in definition.get(_KIND, ()) if not name.startswith(_FOREIGN) else ():
                self._kind(name, definition, kind)

    def _kind(self, name: str, definition: dict[str, Any], kind: dict[str, str]) -> None:
        is_object = "metadata" in definition.get("properties", {}) and kind["kind"] != "Status"
        if is_object and not kind["kind"].endswith("List"):
            api_version = f"{kind['group']}/{kind['version']}".removeprefix("/")
            self.kinds[f"{api_version} {kind['kind']}"] = self._reference(name)[1:]

    def _reference(self, name: str) -> str:
        definition = self._definitions[name]
        if name in _SPECIAL:
            return _SPECIAL[name]
        if not definition.get("properties"):
            return "?"
        short = name.removeprefix("io.k8s.").removeprefix("api.").removeprefix("apimachinery.pkg.apis.")
        if short not in self.types:
            self.types[short] = {}
            fields = {
                field: "?" if field in _UNJUDGED else self._type(each)
                for field, each in sorted(definition["properties"].items())
            }
            self.types[short].update(fields=fields, required=definition.get("required", []))
        return f"@{short}"

    def _type(self, node: dict[str, Any]) -> str:
        if "$ref" in node:
            return self._reference(node["$ref"].removeprefix("#/definitions/"))
        if node.get("type") == "array":
            return f"[{','.join(node.get('x-kubernetes-list-map-keys', ()))}]{self._type(node['items'])}"
        if node.get("type") == "object":
            return "{}" + self._type(node["additionalProperties"]) if "additionalProperties" in node else "?"
        if node.get("format") == "byte":
            return "y"
        if "enum" in node:
            return "e" + "|".join(node["enum"])
        return _SIMPLE.get(node.get("type", ""), "?")


def lines(schema: Schema) -> Iterator[str]:
    yield "{"
    yield f'"version": {json.dumps(schema.version)},'
    for title, entries in (("kinds", schema.kinds), ("types", schema.types)):
        yield f'"{title}": {{'
        encoded = [f"{json.dumps(name)}: {json.dumps(entry, separators=(',', ':'))}" for name, entry in entries.items()]
        yield ",\n".join(sorted(encoded))
        yield "}," if title == "kinds" else "}"
    yield "}"


if __name__ == "__main__":
    FILE.write_text("\n".join(lines(Schema(json.load(sys.stdin)))) + "\n", "utf-8")
