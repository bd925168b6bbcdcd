#!/usr/bin/env python3
"""Writes what `meshctl check` knows of Istio's API and of the Gateway API: meshctl/check/istio/reference.json.gz.

    python tools/istio_reference.py

The schemas of the CRDs without their prose, and Istio's annotations and labels. Istio's are of the version of
istio.io/api that meshctl/sandbox/module/go.mod names, the Gateway API's of the version below, from its experimental
channel, which has every field of the standard one. `go` fetches the modules if they are not there. Equal input gives
equal bytes.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meshctl import yamlio

ROOT = Path(__file__).resolve().parent.parent
MODULE = ROOT / "meshctl" / "sandbox" / "module"
TARGET = ROOT / "meshctl" / "check" / "istio" / "reference.json.gz"
GATEWAY_API = "sigs.k8s.io/gateway-api@v1.6.3"
GATEWAY_GROUP = "gateway.networking.k8s.io"
_PROSE = {"description", "title", "example", "externalDocs"}


def main() -> None:
    module, gateway_api = download("istio.io/api"), download(GATEWAY_API)
    folder = Path(module["Dir"])
    files = [folder / "kubernetes" / "customresourcedefinitions.gen.yaml"]
    files += sorted(Path(gateway_api["Dir"], "config", "crd", "experimental").glob(f"{GATEWAY_GROUP}_*.yaml"))
    reference = {
        "source": f"{module['Path']} {module['Version']}",
        "kinds": {name: kind for file in files for name, kind in kinds(file).items()},
        "annotations": names(folder / "annotation" / "annotations.yaml", "annotations"),
        "labels": names(folder / "label" / "labels.yaml", "labels"),
    }
    text = json.dumps(reference, sort_keys=True, separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{TARGET.relative_to(ROOT)}: {reference['source']}, {TARGET.stat().st_size} bytes")


def download(module: str) -> Any:
    """`Path`, `Version` and `Dir` of a module."""
    command = [shutil.which("go") or "go", "mod", "download", "-json", module]
    return json.loads(subprocess.run(command, cwd=MODULE, check=True, capture_output=True, text=True).stdout)


def kinds(file: Path) -> dict[str, Any]:
    """By `group/Kind` what `kind` says."""
    found = {}
    for document in yamlio.load_all(file.read_text(), str(file)):
        if document.value and document.value["kind"] == "CustomResourceDefinition":
            definition = document.value["spec"]
            found[f"{definition['group']}/{definition['names']['kind']}"] = kind(definition)
    return found


def kind(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The versions that are served, with the place of the schema of each; most have the same."""
    schemas: list[Any] = []
    versions = {}
    for version in definition["versions"]:
        if version["served"]:
            schema = root_schema(version)
            if schema not in schemas:
                schemas.append(schema)
            versions[version["name"]] = schemas.index(schema)
    return {"versions": versions, "schemas": schemas}


def root_schema(version: Mapping[str, Any]) -> dict[str, Any]:
    """What an author writes: `status` and what every object has are Kubernetes' to judge."""
    whole = version["schema"]["openAPIV3Schema"]
    required = [name for name in whole.get("required", []) if name == "spec"]
    spec = without_prose(whole["properties"]["spec"])
    return {"spec": spec, "required": required, "defaults": '"default":' in json.dumps(spec)}


def without_prose(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without what only people read; names of properties may be spelt like a keyword."""
    stripped: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _PROSE:
            continue
        if keyword in ("properties", "patternProperties"):
            stripped[keyword] = {name: without_prose(each) for name, each in value.items()}
        elif isinstance(value, Mapping):
            stripped[keyword] = without_prose(value)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            stripped[keyword] = [without_prose(each) for each in value]
        else:
            stripped[keyword] = value
    return stripped


def names(file: Path, key: str) -> dict[str, Any]:
    """By name: the kinds that may carry it, whether it is deprecated, and its maturity (empty where nobody says)."""
    entries = yamlio.load(file.read_text(), str(file)).value[key]
    return {
        entry["name"]: {
            "kinds": sorted(kind for kind in entry["resources"] if re.fullmatch("[A-Za-z]+", kind)),
            "deprecated": bool(entry.get("deprecated")),
            "status": entry.get("featureStatus", ""),
        }
        for entry in entries
    }


if __name__ == "__main__":
    main()
