"""The mesh's own faults: objects in, what is wrong out."""

from __future__ import annotations

from typing import Any

import pytest

from meshctl.diagnosis import diagnose, lost_routes, missing_sidecars

Body = dict[str, Any]


def made(kind: str, name: str, api_version: str = "v1", **fields: Any) -> Body:
    labels = fields.pop("labels", {})
    metadata = {"name": name, "namespace": "dev", "labels": {"meshctl.dev/service": "web", **labels}, "uid": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def pod(name: str = "web-1", *, proxy: str = "", **labels: str) -> Body:
    spec: Body = {"containers": [{"name": "main"}]}
    if proxy:
        spec.setdefault(proxy, []).append({"name": "istio-proxy"})
    names = {"inject": "sidecar.istio.io/inject"}
    return made("Pod", name, spec=spec, labels={names.get(key, key): value for key, value in labels.items()})


def namespace(**labels: str) -> Body:
    names = {"injection": "istio-injection", "rev": "istio.io/rev"}
    body = made("Namespace", "dev")
    body["metadata"]["labels"] = {names[key]: value for key, value in labels.items()}
    return body


@pytest.mark.parametrize(
    ("body", "around", "expected"),
    [
        (pod(), namespace(), False),
        (pod(), namespace(injection="enabled"), True),
        (pod(), namespace(rev="canary"), True),
        (pod(), namespace(rev="canary", injection="disabled"), False),
        (pod(inject="true"), namespace(), True),
        (pod(inject="true"), namespace(injection="disabled"), False),
        (pod(inject="false"), namespace(injection="enabled"), False),
        (pod(proxy="containers"), namespace(injection="enabled"), False),
        (pod(proxy="initContainers"), namespace(injection="enabled"), False),
    ],
)
def test_a_pod_without_the_sidecar_that_it_should_have(body: Body, around: Body, *, expected: bool) -> None:
    """The cause where pods near by have one, else a remark: there may be no injector at all, as on the sandbox."""
    near = diagnose([body], [], [], around=[around, pod("near", proxy="containers")])
    alone = diagnose([body], [], [], around=[around])
    assert near
    assert alone
    assert near.code == ("SidecarMissing" if expected else "NotReady")
    assert ("has no Istio sidecar" in "\n".join([alone.message, *alone.evidence])) is expected
    assert not near.certain


def test_a_pod_that_asks_by_itself_is_believed() -> None:
    found = diagnose([pod(inject="true")], [], [])
    assert found
    assert found.code == "SidecarMissing"


def test_the_hosts_network_is_never_taken_over() -> None:
    body = pod(inject="true")
    body["spec"]["hostNetwork"] = True
    found = diagnose([body], [], [], around=[namespace(injection="enabled")])
    assert found
    assert found.code == "NotReady"


SERVICE = made("Service", "web", spec={"selector": {"app": "web"}})
ISTIO = "networking.istio.io/v1"


def route(*destinations: Body, protocol: str = "http", **more: Any) -> Body:
    rule = {"route": [{"destination": each} for each in destinations], **more}
    return made("VirtualService", "web", ISTIO, spec={protocol: [rule]})


def rule(host: str = "web", **subsets: str) -> Body:
    listed = [{"name": name, "labels": {"version": version}} for name, version in subsets.items()]
    return made("DestinationRule", "web", ISTIO, spec={"host": host, "subsets": listed})


def said(routes: Body, *around: Body) -> list[str]:
    return [found.message for found in lost_routes([routes], [SERVICE, routes, *around])]


TO_V2 = {"host": "web", "subset": "v2"}
LOST = "VirtualService web sends to subset v2 of web, which no DestinationRule has: such requests are answered with 503"


@pytest.mark.parametrize(
    "lost",
    [
        route(TO_V2),
        route({"host": "web.dev.svc.cluster.local", "subset": "v2"}),
        route(TO_V2, protocol="tcp"),
        route({"host": "web"}, mirror=TO_V2),
        route({"host": "web"}, mirrors=[{"destination": TO_V2}]),
    ],
)
def test_a_subset_that_no_rule_has(lost: Body) -> None:
    assert said(lost, pod(app="web", version="2")) == [LOST]
    assert said(lost, pod(app="web", version="2"), rule(v1="1"), rule(host="other", v2="2")) == [LOST]
    assert said(lost, pod(app="web", version="2"), rule(host="web.dev", v1="1"), rule(v2="2")) == []


def test_a_subset_whose_labels_no_pod_has() -> None:
    pods = pod(app="web", version="1"), pod(app="other", version="2")
    lost = said(route(TO_V2), rule(v2="2"), *pods)
    assert len(lost) == 1
    assert "sends to subset v2 of web, whose labels (version=2) no pod has" in lost[0]


def test_what_is_not_of_this_namespace_is_not_judged() -> None:
    assert said(route({"host": "web.other", "subset": "v2"}, {"host": "api.example.com", "subset": "x"})) == []
    assert said(route({"host": "unknown", "subset": "v2"})) == []
    assert said(route({"host": "web"})) == []


def test_a_ready_pod_without_a_sidecar() -> None:
    labelled = namespace(injection="enabled")
    assert [found.code for found in missing_sidecars([pod(), pod(proxy="containers")], [labelled])] == [
        "SidecarMissing"
    ]
