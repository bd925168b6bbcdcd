"""How a real API server says no, and what we make of it: what was asked, why not, what to do next."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from cluster_objects import config_map, deployment, pod
from webhooks import policy, refuser, webhook

from meshctl import yamlio
from meshctl.cluster import Cluster, connect
from meshctl.cluster.failures import LONGEST, Operation, failure, shorten
from meshctl.errors import ClusterError, Conflict, Forbidden, Gone, Invalid, NotFound, Overloaded, Unauthorized
from meshctl.identity import ObjectRef

APPLY = Operation("apply", "Deployment web in dev", "apps/v1", "Deployment")


def refusal(kind: type[ClusterError], ask: Callable[[], object]) -> ClusterError:
    with pytest.raises(kind) as caught:
        ask()
    return caught.value


class TestSchema:
    def test_a_field_that_does_not_exist(self, cluster: Cluster, namespace: str) -> None:
        error = refusal(Invalid, lambda: cluster.apply(deployment(namespace, replcas=2)))
        assert error.message == f"cannot apply Deployment web in {namespace}: there is no field spec.replcas"
        assert error.suggestion == "`kubectl explain deployment.spec` lists what there is"

    def test_a_field_deep_inside(self, cluster: Cluster, namespace: str) -> None:
        body = deployment(namespace)
        body["spec"]["template"]["spec"]["containers"][0]["imagePullpolicy"] = "Always"
        error = refusal(Invalid, lambda: cluster.apply(body))
        assert 'there is no field spec.template.spec.containers[name="app"].imagePullpolicy' in error.message
        assert "`kubectl explain deployment.spec.template.spec.containers`" in error.suggestion

    def test_a_field_that_a_create_does_not_know(self, cluster: Cluster, namespace: str) -> None:
        error = refusal(Invalid, lambda: cluster.create(deployment(namespace, replcas=2)))
        assert error.message.endswith("there is no field spec.replcas")

    def test_a_custom_resource_too(self, cluster: Cluster, namespace: str) -> None:
        metadata = {"name": "web", "namespace": namespace}
        body = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata}
        error = refusal(Invalid, lambda: cluster.apply({**body, "spec": {"hosts": ["web"], "hots": []}}))
        assert error.message.endswith("there is no field spec.hots")

    def test_a_value_of_the_wrong_type_is_not_sent_again(self, cluster: Cluster, namespace: str) -> None:
        """The server answers 500, as if it were its own fault."""
        before = cluster.requests["apply"]
        error = refusal(Invalid, lambda: cluster.apply(deployment(namespace, replicas="two")))
        assert error.message.endswith("spec.replicas: expected numeric (int or float), got string")
        assert cluster.requests["apply"] == before + 1

    def test_a_value_that_is_out_of_range(self, cluster: Cluster, namespace: str) -> None:
        error = refusal(Invalid, lambda: cluster.apply(deployment(namespace, replicas=-1)))
        assert "spec.replicas: Invalid value: -1: must be greater than or equal to 0" in error.message
        assert (error.status, error.details["reason"]) == (422, "Invalid")

    def test_all_that_is_wrong_is_named(self, cluster: Cluster, namespace: str) -> None:
        body = deployment(namespace, "Web", replicas=-1)
        error = refusal(Invalid, lambda: cluster.apply(body))
        assert "metadata.name: " in error.message
        assert "spec.replicas: " in error.message


class TestImmutable:
    def test_a_selector(self, cluster: Cluster, namespace: str) -> None:
        cluster.apply(deployment(namespace))
        changed = deployment(namespace)
        changed["spec"]["selector"]["matchLabels"] = {"app": "other"}
        changed["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
        error = refusal(Invalid, lambda: cluster.apply(changed, force=True))
        assert error.code == "ImmutableField"
        assert "spec.selector: " in error.message
        assert "--replace" in error.suggestion

    def test_a_job_says_so_without_printing_the_whole_template(self, cluster: Cluster, namespace: str) -> None:
        def job(image: str) -> dict[str, Any]:
            spec = {"restartPolicy": "Never", "containers": [{"name": "app", "image": image}]}
            metadata = {"name": "migrate", "namespace": namespace}
            return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": spec}}}

        cluster.apply(job("one"))
        error = refusal(Invalid, lambda: cluster.apply(job("two")))
        assert error.code == "ImmutableField"
        assert error.message.endswith("spec.template: field is immutable")

    def test_a_claim(self, cluster: Cluster, namespace: str) -> None:
        def claim(mode: str) -> dict[str, Any]:
            metadata = {"name": "data", "namespace": namespace}
            spec = {"accessModes": [mode], "resources": {"requests": {"storage": "1Mi"}}}
            return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}

        cluster.apply(claim("ReadWriteOnce"))
        error = refusal(Invalid, lambda: cluster.apply(claim("ReadWriteMany"), force=True))
        assert error.code == "ImmutableField"
        assert len(error.message) < 2 * LONGEST

    def test_what_can_be_changed_but_not_so_is_something_else(self, cluster: Cluster, namespace: str) -> None:
        cluster.apply(deployment(namespace))
        assert refusal(Invalid, lambda: cluster.apply(deployment(namespace, replicas=-1))).code == "Invalid"


class TestRights:
    @pytest.fixture
    def anna(self, sandbox_kubeconfig: Path, tmp_path: Path) -> Cluster:
        """Somebody without any right, by impersonation."""
        config = yamlio.load(sandbox_kubeconfig.read_text(), "kubeconfig").value
        config["users"][0]["user"]["as"] = "anna"
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(config))
        return connect(kubeconfig=file, environ={})

    def test_the_missing_right_is_named(self, anna: Cluster, namespace: str) -> None:
        error = refusal(Forbidden, lambda: anna.apply(deployment(namespace)))
        assert error.message == (
            f"cannot apply Deployment web in {namespace}: anna may not patch deployments.apps in {namespace}"
        )
        assert error.suggestion == (
            "ask for a Role with the verb patch, then check: kubectl auth can-i patch deployments.apps -n " + namespace
        )

    def test_rights_for_the_whole_cluster(self, anna: Cluster) -> None:
        error = refusal(Forbidden, lambda: anna.list("v1", "Pod"))
        assert error.message == "cannot list Pods: anna may not list pods in the whole cluster"
        assert error.suggestion.startswith("ask for a ClusterRole with the verb list")

    def test_asking_is_allowed_to_everybody(self, anna: Cluster, namespace: str) -> None:
        assert not anna.allowed("patch", "apps", "deployments", namespace)

    def test_reading_a_log(self, anna: Cluster, namespace: str) -> None:
        error = refusal(Forbidden, lambda: list(anna.logs(namespace, "web", "app")))
        assert error.message.endswith(f"anna may not get pods/log in {namespace}")


class TestAdmission:
    def test_a_quota(self, cluster: Cluster, namespace: str) -> None:
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small", "namespace": namespace}}
        cluster.apply({**quota, "spec": {"hard": {"services": "0"}}})

        def another() -> None:
            """A dry run is not counted."""
            name = f"web-{time.monotonic_ns()}"
            metadata = {"name": name, "namespace": namespace}
            cluster.apply(
                {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}
            )

        error = _eventually(another)
        assert isinstance(error, Forbidden)
        assert error.code == "QuotaExceeded"
        assert "exceeded quota: small, requested: services=1, used: services=" in error.message

    def test_a_namespace_that_does_not_exist(self, cluster: Cluster) -> None:
        error = refusal(NotFound, lambda: cluster.apply(config_map("no-such-namespace")))
        assert error.code == "NamespaceNotFound"
        assert error.message.endswith("there is no namespace no-such-namespace")

    def test_a_namespace_on_its_way_out(self, cluster: Cluster, namespace: str) -> None:
        held = config_map(namespace)
        held["metadata"]["finalizers"] = ["example.org/held"]
        cluster.apply(held)
        cluster.delete(ObjectRef("v1", "Namespace", "", namespace))
        try:
            error = refusal(Forbidden, lambda: cluster.apply(config_map(namespace, "another")))
        finally:
            cluster.patch(ObjectRef.of(held), {"metadata": {"finalizers": None}})
        assert error.code == "NamespaceTerminating"
        assert error.message.endswith(f"namespace {namespace} is being terminated")

    def test_pod_security(self, cluster: Cluster, namespace: str) -> None:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        cluster.patch(ObjectRef("v1", "Namespace", "", namespace), {"metadata": {"labels": labels}})
        error = refusal(Invalid, lambda: cluster.apply(pod(namespace)))
        assert error.code == "AdmissionDenied"
        assert 'PodSecurity "restricted:latest" refused it: allowPrivilegeEscalation != false' in error.message

    def test_a_policy(self, cluster: Cluster, namespace: str) -> None:
        with policy(cluster, namespace, "no settings today"):
            error = _eventually(lambda: cluster.apply(config_map(namespace), dry_run=True))
        assert isinstance(error, Invalid)
        assert error.code == "AdmissionDenied"
        assert f"the policy {namespace} refused it: no settings today" in error.message

    def test_a_webhook_that_refuses(self, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
        with refuser(tmp_path, "not on a Friday") as server, webhook(cluster, namespace, *server):
            error = _eventually(lambda: cluster.apply(config_map(namespace), dry_run=True))
        assert isinstance(error, Invalid)
        assert (error.code, error.status) == ("AdmissionDenied", 403)
        assert error.message.endswith("the webhook refuse.example.org refused it: not on a Friday")

    def test_a_webhook_that_is_down(self, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
        with webhook(cluster, namespace, 1, Authority(tmp_path).certificate):
            error = _eventually(lambda: cluster.apply(config_map(namespace), dry_run=True))
            before = cluster.requests["apply"]
            refusal(Overloaded, lambda: cluster.apply(config_map(namespace), dry_run=True))
        assert isinstance(error, Overloaded)
        assert error.code == "WebhookUnavailable"
        assert "the webhook refuse.example.org does not answer" in error.message
        assert cluster.requests["apply"] == before + 1  # asking again would take as long again


class TestAnswers:
    """What a real server says too seldom to wait for."""

    def test_several_contested_fields(self) -> None:
        causes = [
            {
                "reason": "FieldManagerConflict",
                "message": f'conflict with "m{number}" using apps/v1',
                "field": f".f{number}",
            }
            for number in range(7)
        ]
        error = _answered(409, "Apply failed with 7 conflicts", details={"causes": causes})
        assert isinstance(error, Conflict)
        assert error.fields == tuple((f"f{number}", f"m{number}") for number in range(7))
        assert error.message.endswith("these fields: f0 (m0), f1 (m1), f2 (m2), f3 (m3), f4 (m4) and 2 more")

    def test_a_change_in_between(self) -> None:
        error = _answered(409, "Operation cannot be fulfilled: the object has been modified", reason="Conflict")
        assert isinstance(error, Conflict)
        assert error.fields == ()

    @pytest.mark.parametrize(
        ("status", "kind"),
        [(400, Invalid), (401, Unauthorized), (403, Forbidden), (410, Gone), (429, Overloaded), (500, Overloaded)],
    )
    def test_the_class_follows_the_status(self, status: int, kind: type[ClusterError]) -> None:
        error = _answered(status, "because")
        assert type(error) is kind
        assert error.status == status
        assert error.message.startswith("cannot apply Deployment web in dev: ")

    def test_retry_after(self) -> None:
        error = failure(APPLY, 429, b"{}", {"Retry-After": "7"})
        assert isinstance(error, Overloaded)
        assert error.retry_after == 7
        told = _answered(503, "later", details={"retryAfterSeconds": 3})
        assert isinstance(told, Overloaded)
        assert told.retry_after == 3

    def test_a_page_of_something_in_between(self) -> None:
        error = failure(APPLY, 502, b"<html>Bad Gateway</html>", {})
        assert error.message == "cannot apply Deployment web in dev: HTTP status 502"
        plain = failure(APPLY, 502, b"no upstream\nmore\n", {})
        assert plain.message == "cannot apply Deployment web in dev: no upstream"

    def test_a_login_page(self) -> None:
        error = failure(APPLY, 302, b"", {"Location": "https://login.example"})
        assert "sends us on to https://login.example" in error.message

    def test_long_messages_are_cut_in_the_middle(self) -> None:
        short = shorten("begin " + "x " * 1000 + "end")
        assert short.startswith("begin x")
        assert short.endswith("x end")
        assert len(short) < LONGEST + 10
        assert shorten('Invalid value: {"a":"' + "x" * 200 + '"}: field is immutable') == "field is immutable"


def _answered(status: int, message: str, *, reason: str = "", details: dict[str, Any] | None = None) -> ClusterError:
    body = {"kind": "Status", "status": "Failure", "message": message, "reason": reason, "details": details or {}}
    return failure(APPLY, status, json.dumps(body).encode(), {})


def _eventually(ask: Callable[[], object]) -> ClusterError:
    """The server's caches of quotas, policies and webhooks need a moment."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            ask()
        except ClusterError as error:
            return error
        time.sleep(0.1)
    raise AssertionError("it was allowed for 20 seconds")


def test_a_log_whose_pod_has_just_gone() -> None:
    """The kubelet says so in plain text; it is the pod that is missing, not its kind."""
    error = failure(Operation("read", "the log of web-0/app in dev", "v1", "Pod"), 404, b"pod not found\n", {})
    assert isinstance(error, NotFound)
    assert "no kind" not in error.message
