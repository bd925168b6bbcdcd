"""What doctor makes of what it has looked up: facts in, findings out, without a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meshctl.check.kubernetes import schema
from meshctl.cluster import Target
from meshctl.doctor import cluster, istio, local, machine, namespace, rights
from meshctl.doctor.finding import Finding, Look, judged
from meshctl.errors import Forbidden
from meshctl.sandbox import Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = Target("prod", "https://prod:6443", "", "", "KUBECONFIG", local=False)
REFUSED = Forbidden("dev may not", suggestion="ask")


def told(table: Sequence[Look[Any]], facts: Any) -> dict[str, str]:
    """What is not ok, by name."""
    return {each.name: f"{each.state}: {each.message}" for each in judged(table, facts) if each.state != "ok"}


def of(findings: Sequence[Finding], name: str) -> Finding:
    return next(each for each in findings if each.name == name)


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    inside_a_file = machine.look({"MESHCTL_CACHE_HOME": str(tmp_path / "file" / "cache")})
    assert told(machine.FINDINGS, inside_a_file)["cache"].startswith("warn: ")
    assert told(machine.FINDINGS, machine.look({"MESHCTL_CACHE_HOME": str(tmp_path / "not" / "yet")})) == {}


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("v1.21.14", "fail"),
        ("v1.29.0-eks-a5ec690", "warn"),
        ("v1.30.1+k3s1", "ok"),
        ("v1.37.2", "ok"),
        ("v1.38.0", "ok"),
        ("v1.39.0", "warn"),
        ("", "warn"),
    ],
)
def test_versions(version: str, state: str) -> None:
    assert schema.version() == "1.37"
    reach = cluster.Reach(TARGET, version={"gitVersion": version}, known=(1, 37))
    assert of([*judged(cluster.FINDINGS, reach)], "version").state == state


def test_a_version_that_must_not_be_asked_for_is_no_failure() -> None:
    assert told(cluster.FINDINGS, cluster.Reach(TARGET, version=REFUSED)) == {"version": "warn: dev may not"}


def body(labels: Mapping[str, str], **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "dev-anna", "labels": labels, **metadata}}


ROOM = namespace.Room("dev-anna", None, (), "shop", "anna", meshed=True, now=NOW)
OURS = {"app.kubernetes.io/managed-by": "meshctl", "meshctl.dev/project": "shop", "meshctl.dev/owner": "anna"}


def ending(moment: str) -> dict[str, Any]:
    return body(OURS, annotations={"meshctl.dev/expires": moment})


@pytest.mark.parametrize(
    ("live", "wrong"),
    [
        (None, {}),
        (REFUSED, {}),
        (body({}), {}),
        (body(OURS), {}),
        (body(OURS, deletionTimestamp="2026-01-01T00:00:00Z"), {"there": "fail: dev-anna is being deleted"}),
        (body({**OURS, "meshctl.dev/owner": "bob"}), {"owner": "warn: made for bob, and you are anna"}),
        (
            body({**OURS, "meshctl.dev/project": "till"}),
            {"owner": "warn: made for the project till, and this is shop"},
        ),
        (ending("2026-01-01T02:00:00Z"), {}),
        (ending("2026-01-01T00:30:00Z"), {"expiry": "warn: its time is up at 2026-01-01T00:30:00Z, in 30 minutes"}),
        (
            ending("2025-12-31T00:00:00Z"),
            {"expiry": "warn: its time was up at 2025-12-31T00:00:00Z: `namespace gc` may delete it"},
        ),
        (
            body({namespace.POD_SECURITY: "baseline"}),
            {"pod security": "warn: Pod Security is baseline: it refuses Istio's init container"},
        ),
        (body({namespace.POD_SECURITY: "privileged"}), {}),
    ],
)
def test_namespaces(live: Any, wrong: dict[str, str]) -> None:
    assert told(namespace.FINDINGS, replace(ROOM, live=live)) == wrong


@pytest.mark.parametrize(
    ("hard", "used", "tight"),
    [
        ({"pods": "10"}, {"pods": "8"}, ""),
        ({"pods": "10"}, {"pods": "9"}, "pods 9 of 10"),
        ({"cpu": "2", "memory": "1Gi"}, {"cpu": "1900m", "memory": "512Mi"}, "cpu 1900m of 2"),
        ({"services.loadbalancers": "0"}, {"services.loadbalancers": "0"}, ""),
        ({"pods": "10"}, {}, ""),
    ],
)
def test_quotas(hard: dict[str, str], used: dict[str, str], tight: str) -> None:
    quota = {"metadata": {"name": "team"}, "status": {"hard": hard, "used": used}}
    wrong = {"quota": f"warn: team is nearly used up: {tight}"} if tight else {}
    assert told(namespace.FINDINGS, replace(ROOM, quotas=[quota])) == wrong


def rule(groups: str, resources: str, verbs: str, **more: Any) -> dict[str, Any]:
    return {"apiGroups": groups.split(","), "resources": resources.split(), "verbs": verbs.split(), **more}


LOGS = rights.Need(rights.Purpose("logs", "warn", "no log"), (rights.Right("get", "", "pods/log", "dev"),))


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (rule("*", "*", "*"), False),
        (rule("", "pods/log", "get"), False),
        (rule("", "*/log", "*"), False),
        (rule("", "pods", "*"), True),
        (rule("apps", "pods/log", "get"), True),
        (rule("", "pods/log", "list"), True),
        (rule("", "pods/log", "get", resourceNames=["web"]), True),
    ],
)
def test_rules_and_what_they_grant(granted: dict[str, Any], missing: bool) -> None:
    review = {"resourceRules": [granted]}
    assert bool(rights.doubtful([LOGS], "dev", review)) is missing


def test_what_a_review_leaves_out_is_asked_for() -> None:
    elsewhere = rights.Right("get", "", "pods/log", "other")
    need = replace(LOGS, rights=(*LOGS.rights, elsewhere))
    doubtful = rights.doubtful([need], "dev", {"incomplete": False})
    assert doubtful == [*LOGS.rights, elsewhere]
    assert rights.settled(doubtful, "dev", {"incomplete": False}) == [*LOGS.rights]
    assert rights.settled(doubtful, "dev", {"incomplete": True}) == []


def test_a_role_has_as_few_rules_as_say_it() -> None:
    every = [
        rights.Right(verb, group, resource, "dev")
        for group, resource, verbs in (("", "pods", "list get"), ("", "secrets", "get list"), ("apps", "x", "get"))
        for verb in verbs.split()
    ]
    need = rights.Need(LOGS.purpose, (*every, *every, rights.Right("get", "", "nodes", "")))
    role, of_cluster = rights.manifests([need])
    assert role["rules"] == [rule("", "pods secrets", "get list"), rule("apps", "x", "get")]
    assert (role["metadata"]["namespace"], of_cluster["kind"]) == ("dev", "ClusterRole")
    assert of_cluster["rules"] == [rule("", "nodes", "get")]


def istiod(ready: int) -> dict[str, Any]:
    container = {"image": "docker.io/istio/pilot:1.28.0"}
    available = {"type": "Available", "status": "True" if ready else "False"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "istiod", "generation": 1},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}},
        "status": {
            "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": ready,
            "availableReplicas": ready, "conditions": [available],
        },
    }  # fmt: skip


def injector(selector: Mapping[str, Any], **client: Any) -> istio.Injector:
    webhook = {"name": f"x.{istio.INJECTOR}", "namespaceSelector": selector, "clientConfig": client}
    metadata = {"name": "injector", "labels": {"istio.io/rev": "canary"}}
    [found] = istio.injectors([{"metadata": metadata, "webhooks": [webhook, {**webhook, "name": "another"}]}])
    return found


ENABLED = {"matchLabels": {"istio-injection": "enabled"}}
SERVICE = {"service": {"namespace": "istio-system", "name": "istiod"}}
INJECTED = {"istio-injection": "enabled"}
MESH = istio.Mesh(
    wanted=(),
    served=frozenset(),
    istiod=[istiod(1)],
    injectors=[injector(ENABLED, **SERVICE)],
    endpoints={("istio-system", "istiod"): 1},
    namespace="dev",
    labels=INJECTED,
)


def test_a_mesh_that_is_well() -> None:
    findings = [*judged(istio.FINDINGS, replace(MESH, left_out=["postgres"]))]
    assert {each.name: each.message for each in findings if each.state == "ok"} == {
        "istiod": "istiod 1.28.0, 1 of 1 ready",
        "injector": "injector sees pods of dev, and can be reached",
        "label": "istio-injection=enabled",
        "left out": "by the project no sidecar for postgres",
    }
    assert len(findings) == 4


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"istiod": [istiod(0)]}, {"istiod": "fail"}),
        ({"istiod": [], "injectors": []}, {"istiod": "warn"}),
        ({"istiod": [], "injectors": [], "sandbox": True}, {}),
        ({"istiod": [], "injectors": [], "injects": False, "labels": {}}, {}),
        ({"istiod": []}, {}),
        ({"istiod": REFUSED, "injectors": REFUSED}, {"istiod": "warn", "injector": "warn"}),
        ({"istiod": REFUSED, "injectors": REFUSED, "injects": False, "labels": {}}, {}),
        ({"endpoints": {}}, {"injector": "fail"}),
        ({"endpoints": {("istio-system", "istiod"): 0}}, {"injector": "fail"}),
        ({"endpoints": {("istio-system", "istiod"): None}}, {}),
        ({"injectors": [injector(ENABLED, url="https://elsewhere/inject")], "endpoints": {}}, {}),
        ({"labels": {}}, {"injector": "warn", "label": "warn"}),
        ({"injects": False}, {"label": "warn"}),
        ({"revision": "canary"}, {"label": "warn"}),
        ({"labels": {"istio.io/rev": "canary"}, "revision": "canary"}, {"injector": "warn"}),
        ({"namespace": "", "labels": {}}, {}),
    ],
)
def test_what_is_wrong_with_a_mesh(changed: dict[str, Any], names: dict[str, str]) -> None:
    found = [each for each in judged(istio.FINDINGS, replace(MESH, **changed)) if each.state != "ok"]
    assert {each.name: each.state for each in found} == names
    assert all(each.suggestion for each in found)


@pytest.mark.parametrize(
    ("changed", "command"),
    [
        ({"labels": {}}, "kubectl label namespace dev istio-injection=enabled --overwrite"),
        ({"revision": "canary"}, "kubectl label namespace dev istio-injection- istio.io/rev=canary --overwrite"),
        ({"injects": False}, "kubectl label namespace dev istio-injection- istio.io/rev- --overwrite"),
    ],
)
def test_the_command_that_labels_a_namespace(changed: dict[str, Any], command: str) -> None:
    assert f"`{command}`" in of([*judged(istio.FINDINGS, replace(MESH, **changed))], "label").suggestion


def status(*, running: bool = False, pids: int = 0) -> Status:
    programs = {"etcd": "running", "kwok": "running" if running else "dead"}
    return Status("meshctl", running, "", "", "", "v1.37.2", programs, dict.fromkeys(map(str, range(pids)), 1))


@pytest.mark.parametrize(
    ("sandbox", "wrong"),
    [
        (local.Sandbox(status(running=True, pids=5)), {}),
        (local.Sandbox(status(pids=4)), {"state": "warn: kwok is dead"}),
        (local.Sandbox(status()), {}),
        (local.Sandbox(status(), needed=True), {"state": "warn: it does not run"}),
        (
            local.Sandbox(status(), "no Go", needed=True),
            {"state": "warn: it does not run, and cannot be built: no Go"},
        ),
    ],
)
def test_the_sandbox(sandbox: local.Sandbox, wrong: dict[str, str]) -> None:
    assert told(local.FINDINGS, sandbox) == wrong
