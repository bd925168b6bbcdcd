"""What the rules say of an object, and what a real API server says of it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshctl import yamlio
from meshctl.check import Rule, rule_of
from meshctl.cluster import Cluster
from meshctl.errors import ClusterError
from meshctl.manifest import is_namespaced

TOOL = Path(__file__).parents[2] / "tools/kubernetes_schema.py"
REFUSED = [
    *("MSH201", "MSH202", "MSH203", "MSH204", "MSH205", "MSH206", "MSH208"),
    *("MSH210", "MSH211", "MSH212", "MSH213", "MSH214", "MSH216", "MSH218"),
    *("MSH230", "MSH231", "MSH244", "MSH246", "MSH247", "MSH248"),
    *("MSH251", "MSH252", "MSH253", "MSH270", "MSH274", "MSH277", "MSH285", "MSH286", "MSH287", "MSH288"),
]
"""The rules that say an API server refuses their bad example; it takes the good one."""


def test_the_schema_is_what_the_server_publishes(kubectl: Any) -> None:
    """tools/kubernetes_schema.py writes it anew; which patch release it is from does not matter."""
    spec = importlib.util.spec_from_file_location("kubernetes_schema", TOOL)
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    published = json.loads("\n".join(tool.lines(tool.Schema(json.loads(kubectl("get", "--raw", "/openapi/v2"))))))
    kept = json.loads(tool.FILE.read_text("utf-8"))
    assert kept["kinds"] == published["kinds"]
    assert kept["types"] == published["types"]


@pytest.mark.parametrize("code", REFUSED)
def test_the_server_agrees(code: str, cluster: Cluster, namespace: str) -> None:
    rule = rule_of(code)
    assert isinstance(rule, Rule)
    for verdict, text in rule.examples:
        assert (verdict == "bad") == bool(_refusals(text, cluster, namespace)), f"{code}: {verdict}"


def _refusals(text: str, cluster: Cluster, namespace: str) -> list[str]:
    found = []
    for body in _objects(text, namespace):
        try:
            cluster.apply(body, dry_run=True)
        except ClusterError as error:
            found.append(error.message)
    return found


def _objects(text: str, namespace: str) -> Iterator[Any]:
    for document in yamlio.load_all(text, "example"):
        body = document.value
        if is_namespaced(body["apiVersion"], body["kind"]):
            body["metadata"]["namespace"] = namespace
        yield body


@pytest.mark.parametrize("code", ["MSH289", "MSH290", "MSH291", "MSH292", "MSH293", "MSH294", "MSH295"])
def test_the_server_warns_too(code: str, cluster: Cluster, namespace: str) -> None:
    rule = rule_of(code)
    assert isinstance(rule, Rule)
    for verdict, text in rule.examples:
        applied = [cluster.apply(body, dry_run=True) for body in _objects(text, namespace)]
        assert (verdict == "bad") == any(each.warnings for each in applied), f"{code}: {verdict}"
