"""Good objects with one value made wrong: check and a real API server agree on which of them are taken."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from test_check_server import REFUSED

from meshctl import check, yamlio
from meshctl.cluster import Cluster
from meshctl.errors import ClusterError
from meshctl.manifest import is_namespaced
from meshctl.yamlio import Path

WRONG: tuple[Any, ...] = ("", "x y", -1, 70000, [], {}, True, None, {"a": "b"})
BY_ITSELF = {("apiVersion",), ("kind",), ("metadata",), ("metadata", "name")}
"""Paths that decide which object it is, and so who judges it."""


def originals() -> Iterator[dict[str, Any]]:
    """The good examples of the pages of Kubernetes' rules, each object once."""
    seen = set()
    for rule in check.all_rules():
        for verdict, text in rule.examples if rule.code.startswith("MSH2") else ():
            for document in yamlio.load_all(text, rule.code) if verdict == "good" else ():
                if (
                    repr(document.value) not in seen and "serviceAccountName" not in text
                ):  # which would have to be there
                    seen.add(repr(document.value))
                    yield document.value


def mutated(body: dict[str, Any]) -> Iterator[tuple[Path, Any, dict[str, Any]]]:
    for path in paths(body, ()):
        if path in BY_ITSELF:
            continue
        for wrong in WRONG:
            if wrong is None and "limits" in path:
                continue  # a limit of 0, which only a request beside it makes wrong
            changed = copy.deepcopy(body)
            holder: Any = changed
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = copy.deepcopy(wrong)
            yield path, wrong, changed


def paths(value: Any, path: Path) -> Iterator[Path]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in children:
        yield (*path, step)
        yield from paths(child, (*path, step))


def found(body: dict[str, Any]) -> list[str]:
    """MSH261 tells of a missing image as well as of one that only a kubelet refuses."""
    findings = check.check_manifests(yamlio.dump(body))
    refused = [each for each in findings if each.code in REFUSED or each.message.endswith("has no image")]
    return [f"{each.code} {each.message}" for each in refused]


def refusal(cluster: Cluster, body: dict[str, Any]) -> str:
    try:
        cluster.apply(body, dry_run=True)
    except ClusterError as error:
        return error.message
    return ""


def test_check_refuses_what_the_server_refuses(cluster: Cluster, namespace: str) -> None:
    cases = []
    for body in originals():
        if is_namespaced(body["apiVersion"], body["kind"]):
            body["metadata"]["namespace"] = namespace
        cases += [(body, *case) for case in mutated(body) if case[0][:2] != ("metadata", "namespace")]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda case: refusal(cluster, case[-1]), cases))
    differing = [
        f"{body['kind']} {path} = {wrong!r}: check says {said or 'nothing'}, the server {answer or 'nothing'}"
        for (body, path, wrong, changed), answer in zip(cases, answers, strict=True)
        for said in [found(changed)]
        if bool(said) != bool(answer)
    ]
    assert not differing
