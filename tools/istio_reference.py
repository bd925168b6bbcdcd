#!/usr/bin/env python3
"""Writes what `meshctl check` knows of Istio's API: meshctl/check/istio/reference.json.gz.

    python tools/istio_reference.py

The schemas of Istio's CRDs without their prose, and Istio's annotations and labels, of the version of istio.io/api that
meshctl/sandbox/module/go.mod names; `go` fetches the module if it is not there. Equal input gives equal bytes.
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
_PROSE = {"description", "title", "example", "externalDocs"}


def main() -> None:
    go = shutil.which("go") or "go"
    listed = subprocess.run(
        [go, "mod", "download", "-json", "istio.io/api"], cwd=MODULE, check=True, capture_output=True, text=True
    )
    module = json.loads(listed.stdout)
    folder = Path(module["Dir"])
    reference = {
        "source": f"{module['Path']} {module['Version']}",
        "kinds": kinds(folder / "kubernetes" / "customresourcedefinitions.gen.yaml"),
        "annotations": names(folder / "annotation" / "annotations.yaml", "annotations"),
        "labels": names(folder / "label" / "labels.yaml", "labels"),
    }
    text = json.dumps(reference, sort_keys=True, separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{TARGET.relative_to(ROOT)}: {reference['source']}, {TARGET.stat().st_size} bytes")


def kinds(file: Path) -> dict[str, Any]:
    """By `group/Kind`: the versions that are served, and the schema of `spec`, which is the same in all of them."""
    found = {}
    for document in yamlio.load_all(file.read_text(), str(file)):
        if document.value:
            definition = document.value["spec"]
            found[f"{definition['group']}/{definition['names']['kind']}"] = kind(definition)
    return found


def kind(definition: Mapping[str, Any]) -> dict[str, Any]:
    served = {version["name"]: root_schema(version) for version in definition["versions"] if version["served"]}
    first, *others = served.values()
    if any(other != first for other in others):
        raise SystemExit(f"{definition['names']['kind']}: its versions differ; keep a schema for each of them")
    return {"versions": sorted(served), "schema": first}


def root_schema(version: Mapping[str, Any]) -> dict[str, Any]:
    """What an author writes: `status` and what every object has are Kubernetes' to judge."""
    whole = version["schema"]["openAPIV3Schema"]
    required = [name for name in whole.get("required", []) if name == "spec"]
    return {"spec": without_prose(whole["properties"]["spec"]), "required": required}


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
