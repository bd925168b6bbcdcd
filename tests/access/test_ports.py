"""Which port of which pods is meant."""

from __future__ import annotations

from typing import Any

import pytest
from pods import pod

from meshctl.access.pods import Whose
from meshctl.access.ports import Way, Wish, ways, wish
from meshctl.errors import UsageError

WEB = Whose("web")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web", Wish(WEB, None, "")),
        ("web:80", Wish(WEB, None, "80")),
        ("web:8080:80", Wish(WEB, 8080, "80")),
        ("web::80", Wish(WEB, 0, "80")),
        ("web:0:80", Wish(WEB, 0, "80")),
        ("web:http", Wish(WEB, None, "http")),
        ("pod/web-1:8080", Wish(Whose("", "web-1"), None, "8080")),
    ],
)
def test_what_is_typed(text: str, expected: Wish) -> None:
    assert wish(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", ":80", "web:", "web:80:", "web:x:80", "web:70000:80", "web:70000", "web::0x50:1", "web:1:2:3", "svc/web:80"],
)
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(UsageError):
        wish(text)


def service(name: str = "web", *ports: dict[str, Any], **selector: str) -> dict[str, Any]:
    every = ports or ({"name": "web", "port": 80, "targetPort": "http"}, {"name": "admin", "port": 9000})
    spec = {"selector": selector or {"app": "web"}, "ports": list(every)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def found(text: str, *services: dict[str, Any], pods: tuple[dict[str, Any], ...] = (pod("web-1"),)) -> list[Way]:
    return ways(wish(text), services or (service(),), pods, set())


def test_a_port_of_the_service_leads_to_its_target() -> None:
    assert found("web:80") == [Way(WEB, 80, 80, 8080, {"app": "web"})]
    assert found("web:8000:web") == [Way(WEB, 8000, 80, 8080, {"app": "web"})]
    assert found("web::admin") == [Way(WEB, 0, 9000, 9000, {"app": "web"})]


def test_a_port_that_only_containers_declare_or_nobody() -> None:
    assert found("web:http") == [Way(WEB, 8080, 8080, 8080)]
    assert found("web:15000") == [Way(WEB, 15000, 15000, 15000)]


def test_all_ports_get_one_here_that_needs_no_rights() -> None:
    both = (service(), service("web-old", {"port": 80}, {"port": 53, "protocol": "UDP"}))
    assert [(way.local, way.remote) for way in found("web", *both)] == [(8080, 80), (9000, 9000), (8081, 80)]


def test_without_a_service_the_containers_ports() -> None:
    assert [(way.local, way.port) for way in ways(wish("web"), (), (pod("web-1"),), {9000})] == [
        (8080, 8080),
        (9001, 9000),
    ]


def test_only_the_pods_that_the_service_selects() -> None:
    pods = (pod("api-1", part="api"), pod("worker-1", created=1, part="worker"))
    (way,) = found("web:80", service(part="api"), pods=pods)
    assert [each["metadata"]["name"] for each in way.leads_to(pods)] == ["api-1"]


@pytest.mark.parametrize(
    ("text", "services", "told"),
    [
        ("web:htpp", [service()], "web has no port 'htpp'"),
        ("web:80", [service("web", {"port": 80, "targetPort": "grpc"})], "has a port called 'grpc'"),
        ("web:53", [service("web", {"port": 53, "protocol": "UDP"})], "only TCP to pods can"),
        ("web", [service("web", {"port": 53, "protocol": "UDP"})], "web declares no TCP port"),
    ],
)
def test_refused(text: str, services: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        found(text, *services)
    assert told in caught.value.message


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        found("web:htpp")
    assert caught.value.suggestion == "did you mean http?"
