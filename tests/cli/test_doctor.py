"""doctor on a real API server with every right, with few and with none; and without a server, without a project."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from calling import OF_A_DEPLOYMENT, TWO_SERVICES, Meshctl, Outcome, write_kubeconfig, write_project
from developers import grant, kubeconfig_of, with_token
from faults import FaultyProxy

from meshctl import __version__, sandbox
from meshctl.cluster import Cluster
from meshctl.identity import ObjectRef

GOLDEN = Path(__file__).parents[1] / "golden" / "doctor"
Kubectl = Callable[..., str]
READER = [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]}]
ISTIO = """\
---
apiVersion: networking.istio.io/{{ istio }}
kind: VirtualService
metadata: {name: {{ service.name }}}
spec: {hosts: [{{ service.name }}], http: [{route: [{destination: {host: {{ service.name }}}}]}]}
"""


def findings(outcome: Outcome) -> dict[tuple[str, str], dict[str, Any]]:
    """The worst of each name."""
    document = json.loads(outcome.out)
    assert document["meshctl"] == 1
    ranked = sorted(document["findings"], key=lambda each: ["ok", "warn", "fail"].index(each["state"]))
    assert all({"area", "name", "state", "message", "suggestion"} == set(each) - {"manifests"} for each in ranked)
    assert all(each["suggestion"] for each in ranked if each["state"] != "ok")
    return {(each["area"], each["name"]): each for each in ranked}


def states(outcome: Outcome) -> dict[str, str]:
    """What is not ok. How the sandbox of whoever runs the tests is does not matter."""
    found = {" ".join(key): each["state"] for key, each in findings(outcome).items() if key[0] != "sandbox"}
    return {name: state for name, state in found.items() if state != "ok"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two services, in an environment of its own."""
    write_project(tmp_path, TWO_SERVICES.replace("tag: v1", "tag: v1, istio: v1"), services=("cache", "web"))
    for name in ("cache", "web"):
        (tmp_path / "templates" / name / "config.yaml.j2").write_text(OF_A_DEPLOYMENT)
    (tmp_path / "templates" / "web" / "istio.yaml.j2").write_text(ISTIO)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def whole(meshctl: Meshctl, project: Path, sandbox_kubeconfig: Path) -> Meshctl:  # noqa: ARG001
    return lambda *arguments: meshctl("--kubeconfig", str(sandbox_kubeconfig), *arguments)


def test_all_is_well(whole: Meshctl, unused_namespace: str) -> None:
    outcome = whole("doctor", "-n", unused_namespace, "-o", "json")
    assert (outcome.code, outcome.err, states(outcome)) == (0, "", {})
    found = findings(outcome)
    assert found["namespace", "there"]["message"].endswith("is not there yet; `meshctl start` makes it")
    assert found["istio", "kinds"]["message"].startswith("VirtualService")
    assert found["cluster", "guard"]["message"].endswith("it is on this machine")


def test_what_the_server_does_not_serve(whole: Meshctl, project: Path, unused_namespace: str) -> None:
    (project / "templates" / "web" / "more.yaml").write_text(
        "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}\n---\n"
        "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: w}}\n"
    )
    outcome = whole("doctor", "-n", unused_namespace, "--set", "vars.istio=v1alpha9", "-o", "json")
    assert (outcome.code, states(outcome)) == (1, {"cluster kinds": "fail", "istio kinds": "fail"})
    kinds = [each for each in json.loads(outcome.out)["findings"] if each["name"] == "kinds"]
    assert [each["suggestion"] for each in kinds] == [
        "install the CustomResourceDefinition of Widget, or take Widget w out of the templates",
        "write apiVersion: policy/v1",
        "write apiVersion: networking.istio.io/v1 or networking.istio.io/v1alpha3 or networking.istio.io/v1beta1",
    ]
    assert "templates/web/istio.yaml.j2:2" in kinds[2]["message"]


def test_a_namespace_of_somebody_else_in_a_context_that_is_not_allowed(
    whole: Meshctl, cluster: Cluster, unused_namespace: str
) -> None:
    labels = {
        "app.kubernetes.io/managed-by": "meshctl", "meshctl.dev/project": "shop", "meshctl.dev/owner": "anna",
        "pod-security.kubernetes.io/enforce": "restricted",
    }  # fmt: skip
    metadata = {"name": unused_namespace, "labels": labels, "annotations": {"meshctl.dev/expires": "2020-01-01"}}
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    outcome = whole("doctor", "-n", unused_namespace, "-o", "json")
    wrong = ("namespace owner", "namespace expiry", "namespace pod security", "istio label")
    assert (outcome.code, states(outcome)) == (0, dict.fromkeys(wrong, "warn"))
    assert states(whole("doctor", "-n", "kube-system", "-o", "json"))["cluster guard"] == "fail"


def test_few_rights_are_named_with_the_role_that_is_enough(
    meshctl: Meshctl, project: Path, cluster: Cluster, namespace: str, sandbox_kubeconfig: Path, kubectl: Kubectl
) -> None:
    """What it prints is applied, and then doctor has nothing to say, and a day's work goes well."""
    grant(cluster, namespace, READER)
    own = ("--kubeconfig", str(kubeconfig_of(namespace, sandbox_kubeconfig, project, kubectl)), "-n", namespace)
    outcome = meshctl(*own, "doctor", "-o", "json")
    rights = {name: state for name, state in states(outcome).items() if name.startswith("rights")}
    assert (outcome.code, rights) == (
        1,
        {
            "rights start and stop": "fail",
            "rights restart and scale": "warn",
            "rights locks": "fail",
            "rights history": "warn",
            "rights exec": "warn",
            "rights port-forward": "warn",
        },
    )
    found = findings(outcome)
    assert found["rights", "locks"]["message"] == (
        "no run can begin: you may not get,create,patch,delete leases.coordination.k8s.io"
    )
    assert found["rights", "exec"]["suggestion"].startswith(
        'ask for a Role with {apiGroups: [""], resources: [pods/exec], verbs: [create, get]};'
    )
    shown = meshctl(*own, "doctor", "-v")
    assert "\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n" in shown.out

    [role] = found["rights", "exec"]["manifests"]
    cluster.patch(ObjectRef("rbac.authorization.k8s.io/v1", "Role", namespace, "dev"), {"rules": role["rules"]})
    again = meshctl(*own, "doctor", "-o", "json")
    assert (again.code, {name for name in states(again) if name.startswith("rights")}) == (0, set())
    for typed in ("start", "status", "logs", "restart", "scale web=2", "history", "exec web -- true", "stop --all"):
        said = meshctl(*own, "-q", *typed.split())
        assert (typed, said.code, re.findall(".*may not.*", said.out + said.err)) == (typed, 0, [])


def test_it_asks_and_changes_nothing(
    meshctl: Meshctl, project: Path, sandbox_kubeconfig: Path, unused_namespace: str
) -> None:
    with FaultyProxy(sandbox_kubeconfig, project) as proxy:
        assert meshctl("--kubeconfig", str(proxy.kubeconfig), "-n", unused_namespace, "doctor").code == 0
    posted = {seen.path.rpartition("/")[2] for seen in proxy.seen if seen.method != "GET"}
    assert posted <= {"selfsubjectrulesreviews", "selfsubjectaccessreviews"}
    assert len(proxy.seen) < 15


@pytest.fixture
def injector(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A webhook like Istio's that sees one namespace and calls a Service there; of kinds that nobody makes."""
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [
            {
                "name": "namespace.sidecar-injector.istio.io",
                "namespaceSelector": {
                    "matchLabels": {"kubernetes.io/metadata.name": namespace},
                    "matchExpressions": [{"key": "istio-injection", "operator": "In", "values": ["enabled"]}],
                },
                "clientConfig": {"service": {"name": "istiod", "namespace": namespace}},
                "rules": [
                    {"apiGroups": ["nobody"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothing"]}
                ],
                "failurePolicy": "Ignore",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    cluster.create(body)
    yield namespace
    cluster.delete(ObjectRef.of(body))


def test_injection(whole: Meshctl, injector: str, cluster: Cluster) -> None:
    def look() -> tuple[str, str]:
        found = findings(whole("doctor", "-n", injector, "-o", "json"))["istio", "injector"]
        return found["state"], found["message"]

    assert look() == (
        "fail",
        f"no webhook puts sidecars into pods of {injector} (no label istio-injection or istio.io/rev)",
    )
    labels = {"metadata": {"labels": {"istio-injection": "enabled"}}}
    cluster.patch(ObjectRef("v1", "Namespace", "", injector), labels)
    unserved = f"its Service istiod in {injector} has no ready endpoint: no pod can be made"
    assert look() == ("fail", f"{injector} sees pods of {injector}, and {unserved}")
    labelled = {"name": "istiod-1", "namespace": injector, "labels": {"kubernetes.io/service-name": "istiod"}}
    endpoints = [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}]
    slice_ = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": labelled}
    cluster.create({**slice_, "addressType": "IPv4", "endpoints": endpoints})
    assert look() == ("ok", f"{injector} sees pods of {injector}, and can be reached")


@pytest.mark.usefixtures("project")
def test_a_server_that_does_not_answer_or_does_not_know_us(
    meshctl: Meshctl, tmp_path: Path, sandbox_kubeconfig: Path
) -> None:
    file = write_kubeconfig(tmp_path / "refused", "http://127.0.0.1:1")
    refused = meshctl("--kubeconfig", str(file), "doctor", "-o", "json")
    found = findings(refused)["cluster", "reachable"]
    assert (refused.code, found["state"]) == (1, "fail")
    assert "nothing listens at http://127.0.0.1:1" in found["message"]
    expired = meshctl("--kubeconfig", str(with_token("old", sandbox_kubeconfig, tmp_path)), "doctor", "-o", "json")
    found = findings(expired)["cluster", "reachable"]
    assert (expired.code, found["state"], found["suggestion"]) == (
        1, "fail", "the token may have expired: log in to the cluster again",
    )  # fmt: skip
    missing = meshctl("--kubeconfig", "nowhere", "doctor", "-o", "json")
    assert (missing.code, states(missing)["cluster chosen"]) == (1, "fail")


def test_without_a_project_it_goes_on(
    meshctl: Meshctl, tmp_path: Path, sandbox_kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = meshctl("--kubeconfig", str(sandbox_kubeconfig), "doctor", "-o", "json")
    assert (outcome.code, states(outcome)) == (0, {"project found": "warn", "namespace there": "warn"})
    named = meshctl("--kubeconfig", str(sandbox_kubeconfig), "-n", "dev-nobody", "doctor", "-o", "json")
    assert states(named) == {"project found": "warn"}
    assert ("rights", "start and stop") in findings(named)


def test_what_is_typed_wrong_fails(meshctl: Meshctl, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_machine(project, monkeypatch)
    outcome = meshctl("doctor", "-e", "dve", "-o", "json")
    found = findings(outcome)["project", "found"]
    assert (outcome.code, found["state"], found["suggestion"]) == (1, "fail", "did you mean dev?")


def test_own_settings_that_git_would_take(meshctl: Meshctl, project: Path) -> None:
    (project / "configs" / "dev.local.yaml").write_text("vars: {tag: mine}\n")
    unreachable = ("--kubeconfig", str(write_kubeconfig(project / "kubeconfig", "http://127.0.0.1:1")), "doctor")
    look = partial(meshctl, *unreachable, "-o", "json")
    assert "project local file" not in states(look())
    subprocess.run(["git", "init", "-q", project], check=True)
    assert states(look())["project local file"] == "warn"
    (project / ".gitignore").write_text("*.local.yaml\n")
    assert "project local file" not in states(look())


@pytest.mark.parametrize("name", ["well", "ill"])
def test_what_people_see_without_a_cluster(
    name: str, meshctl: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UPDATE_GOLDEN=1 writes it anew."""
    write_project(tmp_path)
    if name == "ill":
        (tmp_path / "configs" / "dev.yaml").write_text("servce: [web]\nservice: [web]\nmust_deps: [wbe]\n")
    empty_machine(tmp_path, monkeypatch)
    outcome = meshctl("doctor")
    told = {
        str(tmp_path): "FOLDER",
        platform.python_version(): "PYTHON",
        __version__: "VERSION",
        sys.platform: "SYSTEM",
    }
    shown = outcome.out
    for text, word in told.items():
        shown = shown.replace(text, word)
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(shown)
    assert (outcome.code, outcome.err, shown) == (1, "", file.read_text())


def empty_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on PATH, no sandbox, no kubeconfig; but programs that a sandbox could be made of."""
    for program in sandbox.PROGRAMS:
        (folder / program).touch(mode=0o700)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(folder / "nowhere"))
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
    monkeypatch.setenv("MESHCTL_STATE_HOME", str(folder / "state"))
    monkeypatch.setenv("MESHCTL_CACHE_HOME", str(folder / "cache"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
