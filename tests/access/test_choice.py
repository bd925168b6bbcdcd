"""Which pod and which container are meant."""

from __future__ import annotations

from typing import Any

import pytest
from pods import pod

from meshctl.access.containers import container_of
from meshctl.access.pods import Whose, choose, whose
from meshctl.errors import UsageError


def chosen(*pods: dict[str, Any]) -> str | None:
    found = choose(pods)
    return found["metadata"]["name"] if found else None


def test_the_newest_ready_pod() -> None:
    assert chosen(pod("a", created=1), pod("b", created=3), pod("c", created=2)) == "b"
    assert chosen(pod("a", created=1), pod("b", created=3, ready=False)) == "a"
    assert chosen(pod("a", created=1), pod("b", created=3, leaving=True)) == "a"


def test_one_that_only_runs_when_none_is_ready() -> None:
    assert chosen(pod("a", ready=False), pod("b", created=1, ready=False, phase="Pending")) == "a"
    assert chosen(pod("a", phase="Succeeded"), pod("b", leaving=True)) is None


def with_containers(*names: str) -> dict[str, Any]:
    body = pod("web")
    body["spec"] = {
        "containers": [{"name": name} for name in names],
        "initContainers": [{"name": "prepare"}],
        "ephemeralContainers": [{"name": "debugger"}],
    }
    return body


DEFAULT = "kubectl.kubernetes.io/default-container"


@pytest.mark.parametrize(
    ("names", "default", "asked", "expected"),
    [
        (("main", "helper"), "", "", "main"),
        (("istio-proxy", "main"), "", "", "main"),
        (("istio-proxy",), "", "", "istio-proxy"),
        (("main", "helper"), "helper", "", "helper"),
        (("main", "helper"), "gone", "", "main"),
        (("main", "helper"), "helper", "main", "main"),
        (("main",), "", "prepare", "prepare"),
        (("main",), "", "debugger", "debugger"),
    ],
)
def test_the_container(names: tuple[str, ...], default: str, asked: str, expected: str) -> None:
    body = with_containers(*names)
    body["metadata"]["annotations"] = {DEFAULT: default} if default else {}
    assert container_of(body, asked) == expected


def test_a_container_that_the_pod_does_not_have() -> None:
    with pytest.raises(UsageError) as caught:
        container_of(with_containers("main", "helper"), "mian")
    assert (caught.value.message, caught.value.suggestion) == (
        "pod web has no container 'mian'",
        "did you mean main?",
    )


@pytest.mark.parametrize(
    ("text", "expected"), [("web", Whose("web")), ("pod/web-1", Whose("", "web-1")), ("po/web-1", Whose("", "web-1"))]
)
def test_whose_pods(text: str, expected: Whose) -> None:
    assert whose(text) == expected


@pytest.mark.parametrize("text", ["deployment/web", "pod/", "/web"])
def test_what_names_neither_a_service_nor_a_pod(text: str) -> None:
    with pytest.raises(UsageError):
        whose(text)
