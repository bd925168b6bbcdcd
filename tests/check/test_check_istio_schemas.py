"""The schemas of Istio's CRDs offline, against the API server that has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshctl import check, yamlio
from meshctl.check.istio.reference import known_kinds, reference
from meshctl.cluster import Cluster
from meshctl.errors import MeshctlError

CASES = Path(__file__).parent / "cases"
REFUSED = ("MSH300", "MSH301", "MSH302", "MSH303")
"""The codes that say that the API server takes no such object."""


def objects() -> Iterator[Any]:
    """Of every rule's page the good example, and all cases of what is refused."""
    rules = [rule for rule in check.all_rules() if rule.scope in ("object", "bundle")]
    texts = {rule.code: text for rule in rules for verdict, text in rule.examples if verdict == "good"}
    for code in REFUSED[:3]:
        cases = yamlio.load_all((CASES / f"{code}.yaml").read_text("utf-8"), code)
        texts.update({f"{code}-{case.value['is']}": case.value["manifests"] for case in cases})
    for name, text in texts.items():
        for number, document in enumerate(yamlio.load_all(text, name)):
            if document.value["apiVersion"].partition("/")[0].endswith(".istio.io"):
                yield pytest.param(document.value, id=f"{name}-{number}")


@pytest.mark.parametrize("body", list(objects()))
def test_the_api_server_takes_what_the_schema_takes(body: dict[str, Any], cluster: Cluster) -> None:
    body["metadata"] = {"name": "checked", "namespace": "default"}
    findings = [finding for finding in check.check_manifests(yamlio.dump(body)) if finding.code in REFUSED]
    assert _is_taken(cluster, body) is not bool(findings), findings


def _is_taken(cluster: Cluster, body: dict[str, Any]) -> bool:
    try:
        cluster.create(body, dry_run=True)
    except MeshctlError:
        return False
    return True


def test_the_schemas_are_those_of_the_istio_that_the_sandbox_serves() -> None:
    module = Path(check.__file__).parents[1] / "sandbox" / "module" / "go.mod"
    version = re.search(r"istio\.io/api (v\S+)", module.read_text("utf-8"))
    assert version
    assert reference()["source"] == f"istio.io/api {version[1]}", "run tools/istio_reference.py"
    assert len(known_kinds()) >= 15
