"""Simulated pods, as kubectl sees them: ready, finished, or failing in the words of a kubelet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

Kubectl = Callable[..., str]
Body = dict[str, Any]
FAIL = "sandbox.meshctl.dev/fail"


def pod(name: str, *, labels: Mapping[str, str] = {}, annotations: Mapping[str, str] = {}, **spec: Any) -> Body:
    spec.setdefault("containers", [{"name": "main", "image": "registry.example/main:1"}])
    metadata = {"name": name, "labels": dict(labels), "annotations": dict(annotations)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.fixture
def apply(kubectl: Kubectl, namespace: str) -> Callable[..., None]:
    def apply(*bodies: Body) -> None:
        listing = {"apiVersion": "v1", "kind": "List", "items": list(bodies)}
        kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(listing))

    return apply


@pytest.fixture
def get(kubectl: Kubectl, namespace: str) -> Callable[..., Any]:
    def get(*what: str) -> Any:
        return json.loads(kubectl("get", "-n", namespace, *what, "-o", "json"))

    return get


def eventually(condition: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def status_of(pod: Body, container: str = "main") -> Body:
    status = pod["status"]
    statuses = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    return next((entry for entry in statuses if entry["name"] == container), {"state": {}})


def waiting_reason(pod: Body, container: str = "main") -> str:
    reason: str = status_of(pod, container)["state"].get("waiting", {}).get("reason", "")
    return reason


def messages(events: Body) -> dict[tuple[str, str], int]:
    """(reason, message) to count, of what the kubelet said."""
    return {
        (event["reason"], event["message"]): event["count"]
        for event in events["items"]
        if event.get("source", {}).get("component") == "kubelet"
    }


def test_a_deployment_is_rolled_out(kubectl: Kubectl, namespace: str) -> None:
    kubectl("create", "deployment", "web", "-n", namespace, "--image=nginx:1", "--replicas=3")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "-n", namespace)
    kubectl("set", "image", "-n", namespace, "deployment/web", "nginx=nginx:2")
    kubectl("rollout", "status", "deployment/web", "-n", namespace)
    kubectl("wait", "--for=delete", "pod", "-n", namespace, "-l", "app=web", "--field-selector=status.phase!=Running")


def test_a_ready_pod_has_what_a_kubelet_gives(apply: Any, get: Any) -> None:
    init = [{"name": "migrate", "image": "m"}, {"name": "proxy", "image": "p", "restartPolicy": "Always"}]
    apply(pod("web", initContainers=init, readinessGates=[{"conditionType": "example.com/gate"}]))
    found = eventually(lambda: (web := get("pod", "web"))["status"]["phase"] == "Running" and web)
    conditions = {entry["type"]: entry["status"] for entry in found["status"]["conditions"]}
    assert {"Ready", "ContainersReady", "Initialized", "PodScheduled", "example.com/gate"} < set(conditions)
    assert set(conditions.values()) == {"True"}
    assert status_of(found, "migrate")["state"]["terminated"]["reason"] == "Completed"
    assert status_of(found, "proxy")["ready"]
    assert status_of(found, "proxy")["started"]
    assert found["status"]["podIP"].startswith("10.")


def test_a_job_runs_as_long_as_it_is_told(kubectl: Kubectl, namespace: str, apply: Any) -> None:
    template = {
        "metadata": {"annotations": {"sandbox.meshctl.dev/run-for": "1s"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "main"}]},
    }
    apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": template}})
    kubectl("wait", "job/once", "-n", namespace, "--for=condition=Complete", "--timeout=30s")


@pytest.mark.parametrize("storage_class", [None, "standard"])
def test_a_stateful_set_gets_its_volumes(kubectl: Kubectl, namespace: str, apply: Any, storage_class: str) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    if storage_class:
        claim["storageClassName"] = storage_class
    container = {"name": "main", "image": "db", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    spec = {
        "replicas": 2,
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [container]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }
    apply({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": spec})
    kubectl("rollout", "status", "statefulset/db", "-n", namespace, "--timeout=30s")
    volume = kubectl("get", "pvc", "data-db-1", "-n", namespace, "-o", "jsonpath={.spec.volumeName}")
    kubectl("delete", "statefulset/db", "pvc/data-db-1", "-n", namespace, "--cascade=foreground")
    kubectl("wait", "--for=delete", f"pv/{volume}", "--timeout=30s")


@pytest.mark.parametrize(
    ("label", "exit_code", "reason"), [("CrashLoopBackOff", 1, "Error"), ("OOMKilled", 137, "OOMKilled")]
)
def test_a_crashing_container_is_restarted_again_and_again(
    apply: Any, get: Any, label: str, exit_code: int, reason: str
) -> None:
    apply(pod("web", labels={FAIL: label}))

    def third_crash() -> Body | None:
        found: Body = get("pod", "web")
        waits = waiting_reason(found) == "CrashLoopBackOff"
        return found if waits and status_of(found)["restartCount"] >= 2 else None

    found = eventually(third_crash)
    last = status_of(found)["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (exit_code, reason)
    assert not status_of(found)["ready"]
    said = messages(get("events"))
    back_off = f"Back-off restarting failed container main in pod web_{found['metadata']['namespace']}"
    assert any(key[0] == "BackOff" and key[1].startswith(back_off) and count >= 2 for key, count in said.items())


@pytest.mark.parametrize("label", ["CrashLoopBackOff", "OOMKilled"])
def test_a_crash_that_is_not_restarted_fails_the_pod(apply: Any, get: Any, label: str) -> None:
    apply(pod("web", labels={FAIL: label}, restartPolicy="Never"))
    found = eventually(lambda: (web := get("pod", "web"))["status"]["phase"] == "Failed" and web)
    assert status_of(found)["state"]["terminated"]["exitCode"] != 0


def test_an_image_that_is_not_there(apply: Any, get: Any) -> None:
    apply(pod("web", labels={FAIL: "ImagePullBackOff"}))
    found = eventually(lambda: waiting_reason(web := get("pod", "web")) == "ImagePullBackOff" and web)
    image = "registry.example/main:1"
    assert status_of(found)["state"]["waiting"]["message"].startswith(f'Back-off pulling image "{image}": ErrImagePull')
    said = messages(get("events"))
    assert {("BackOff", f'Back-off pulling image "{image}"'), ("Failed", "Error: ImagePullBackOff")} < set(said)
    eventually(lambda: messages(get("events"))["Failed", "Error: ErrImagePull"] >= 2)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("InvalidImageName", "couldn't parse image name"),
        ("CreateContainerConfigError", 'configmap "main-settings" not found'),
    ],
)
def test_a_container_that_cannot_be_made(apply: Any, get: Any, label: str, message: str) -> None:
    container = {"name": "main", "image": "main", "envFrom": [{"configMapRef": {"name": "main-settings"}}]}
    apply(pod("web", labels={FAIL: label}, containers=[container]))
    found = eventually(lambda: waiting_reason(web := get("pod", "web")) == label and web)
    assert message in status_of(found)["state"]["waiting"]["message"]
    assert any(reason == "Failed" and said.startswith("Error: ") for reason, said in messages(get("events")))


def test_a_container_that_is_never_ready(apply: Any, get: Any) -> None:
    apply(pod("web", labels={FAIL: "NotReady"}))
    found = eventually(lambda: (web := get("pod", "web"))["status"]["phase"] == "Running" and web)
    assert status_of(found)["state"]["running"]
    ready = next(entry for entry in found["status"]["conditions"] if entry["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [main]"
    assert any(reason == "Unhealthy" for reason, _ in messages(get("events")))


def test_a_slow_start(apply: Any, get: Any) -> None:
    apply(pod("web", labels={FAIL: "SlowStart"}, annotations={"sandbox.meshctl.dev/start-delay": "2s"}))
    eventually(lambda: waiting_reason(get("pod", "web")) == "ContainerCreating")
    eventually(lambda: status_of(get("pod", "web")).get("ready"))


def test_another_container_than_the_first_can_fail(apply: Any, get: Any) -> None:
    containers = [{"name": "main", "image": "main"}, {"name": "proxy", "image": "proxy"}]
    chosen = {"sandbox.meshctl.dev/fail-container": "proxy"}
    apply(pod("web", labels={FAIL: "NotReady"}, annotations=chosen, containers=containers))
    found = eventually(lambda: (web := get("pod", "web"))["status"]["phase"] == "Running" and web)
    assert [status_of(found, name)["ready"] for name in ("main", "proxy")] == [True, False]


def test_an_init_container_that_fails_holds_up_the_others(apply: Any, get: Any) -> None:
    init = [{"name": name, "image": name} for name in ("first", "migrate", "last")]
    chosen = {"sandbox.meshctl.dev/fail-container": "migrate"}
    apply(pod("web", labels={FAIL: "CrashLoopBackOff"}, annotations=chosen, initContainers=init))
    found = eventually(lambda: waiting_reason(web := get("pod", "web"), "migrate") == "CrashLoopBackOff" and web)
    assert found["status"]["phase"] == "Pending"
    assert status_of(found, "first")["state"]["terminated"]["exitCode"] == 0
    assert waiting_reason(found, "last") == waiting_reason(found, "main") == "PodInitializing"
