"""Failures as the cluster writes them, and what is made of them. The cases are in cases.yaml."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl import yamlio
from meshctl.diagnosis import Diagnosis, diagnose
from meshctl.diagnosis.scheduling import plain
from meshctl.manifest import LABEL_SERVICE

FILE = Path(__file__).parent / "cases.yaml"
CASES = [document.value for document in yamlio.load_all(FILE.read_text(), FILE.name)]
REASONS = yamlio.load(FILE.with_name("scheduling.yaml").read_text(), "scheduling.yaml").value

LABELS = {LABEL_SERVICE: "web"}
REVISION = "deployment.kubernetes.io/revision"
Body = dict[str, Any]


def made(kind: str, name: str, owner: Body | None = None, **fields: Any) -> Body:
    metadata: Body = {"name": name, "namespace": "dev-anna", "uid": f"uid-of-{name}", "labels": LABELS}
    if owner:
        reference = {"kind": owner["kind"], "uid": owner["metadata"]["uid"], "controller": True}
        metadata["ownerReferences"] = [reference]
    return {"apiVersion": "v1" if kind == "Pod" else "apps/v1", "kind": kind, "metadata": metadata, **fields}


def deployment(conditions: list[Body], revision: str = "2") -> Body:
    body = made("Deployment", "web", spec={"replicas": 1}, status={"conditions": conditions, "replicas": 0})
    body["metadata"]["annotations"] = {REVISION: revision}
    return body


def replica_set(owner: Body, name: str, revision: str) -> Body:
    body = made("ReplicaSet", name, owner, spec={"replicas": 1})
    body["metadata"]["annotations"] = {REVISION: revision}
    return body


def pod(owner: Body | None, status: Body, name: str = "web-2-x") -> Body:
    container = {"name": "web", "resources": {"limits": {"memory": "64Mi"}}}
    sidecars = [{"name": "istio-proxy"}, {"name": "agent", "restartPolicy": "Always"}]
    spec = {
        "containers": [container],
        "initContainers": [{"name": "prepare"}, *sidecars],
        "readinessGates": [{"conditionType": "example.org/lb"}],
        "nodeName": "n1",
    }
    return made("Pod", name, owner, spec=spec, status=status)


def event(about: Body, **fields: Any) -> Body:
    path = fields.pop("fieldPath", "")
    involved = {"kind": about["kind"], "name": about["metadata"]["name"], "uid": about["metadata"]["uid"]}
    return {"kind": "Event", "involvedObject": {**involved, "fieldPath": path}, **fields}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_failure_is_told_by_its_cause(case: Body) -> None:
    owner = deployment(case.get("conditions", []))
    newest = replica_set(owner, "web-2", "2")
    pods = [pod(newest, case["pod"])] if "pod" in case else []
    for each in pods:
        each["spec"]["readinessGates"] = case.get("gates", each["spec"]["readinessGates"])
    events = [event(pods[0], **each) for each in case.get("events", [])]
    found = diagnose([owner, newest], pods, events)
    assert found is not None
    assert (found.code, found.certain) == (case["code"], case["certain"])
    assert case.get("says", "") in found.message
    assert case.get("suggestion", "") in found.suggestion
    assert case.get("evidence", "") in "\n".join(found.evidence)
    assert not any("\n" in line for line in (found.message, *found.evidence))


CRASHED: Body = {
    "phase": "Running",
    "containerStatuses": [
        {
            "name": "web",
            "restartCount": 5,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1}},
        }
    ],
}


def code_of(found: Diagnosis | None) -> tuple[str, bool] | None:
    return (found.code, found.certain) if found else None


def test_pods_of_an_older_revision_do_not_speak_for_the_new_one() -> None:
    """Else whoever mends a crash loop would see it fail once more, at once."""
    owner = deployment([])
    old, new = replica_set(owner, "web-1", "1"), replica_set(owner, "web-2", "2")
    assert code_of(diagnose([owner, old, new], [pod(old, CRASHED)], [])) == ("NotReady", False)
    assert code_of(diagnose([owner, old, new], [pod(new, CRASHED)], [])) == ("CrashLoop", True)


@pytest.mark.parametrize(("written", "certain"), [("00:00:00Z", True), ("00:00:09Z", False)])
def test_a_deadline_that_passed_before_the_last_change_says_little(written: str, *, certain: bool) -> None:
    """Else whoever goes back to an earlier config would be told at once that it failed."""
    told = "2026-01-01T00:00:05Z"
    owner = deployment(
        [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "lastUpdateTime": told}]
    )
    by_controller = {"manager": "controller", "subresource": "status", "time": "2026-01-01T00:01:00Z"}
    owner["metadata"]["managedFields"] = [{"manager": "meshctl", "time": f"2026-01-01T{written}"}, by_controller]
    assert code_of(diagnose([owner], [], [])) == ("ProgressDeadline", certain)


def test_a_stateful_sets_pods_are_told_apart_by_their_revision() -> None:
    owner = made("StatefulSet", "web", spec={"replicas": 1}, status={"updateRevision": "web-b", "replicas": 1})
    old, new = pod(owner, CRASHED), pod(owner, CRASHED)
    old["metadata"]["labels"] = {**LABELS, "controller-revision-hash": "web-a"}
    new["metadata"]["labels"] = {**LABELS, "controller-revision-hash": "web-b"}
    assert code_of(diagnose([owner], [old], [])) == ("NotReady", False)
    assert code_of(diagnose([owner], [new], [])) == ("CrashLoop", True)


@pytest.mark.parametrize(("first", "last", "certain"), [("00", "29", False), ("00", "30", True), ("20", "59", False)])
def test_a_webhook_that_stays_away_is_not_waited_for(first: str, last: str, *, certain: bool) -> None:
    """What was before the run began does not count: it began at the 30th second of the last case's minute."""
    message = 'Internal error occurred: failed calling webhook "no.example.com": connection refused'
    owner = deployment([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}])
    newest = replica_set(owner, "web-2", "2")
    times = {"firstTimestamp": f"2026-01-01T00:00:{first}Z", "lastTimestamp": f"2026-01-01T00:00:{last}Z"}
    refused = event(newest, reason="FailedCreate", message=message, count=9, **times)
    began = datetime(2026, 1, 1, 0, 0, 30 if first == "20" else 0, tzinfo=UTC).timestamp()
    assert code_of(diagnose([owner, newest], [], [refused], since=began)) == ("WebhookUnavailable", certain)


def test_pods_on_their_way_out_explain_nothing() -> None:
    owner = deployment([])
    newest = replica_set(owner, "web-2", "2")
    leaving = pod(newest, CRASHED)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert code_of(diagnose([owner, newest], [leaving], [])) == ("NotReady", False)


def test_what_is_ready_needs_no_explanation() -> None:
    status = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    conditions = [
        {"type": "Available", "status": "True"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ]
    owner = deployment(conditions)
    owner["status"].update(status)
    newest = replica_set(owner, "web-2", "2")
    assert diagnose([owner, newest], [pod(newest, CRASHED)], []) is None


def test_a_stateful_set_tells_a_refusal_by_events_and_only_new_ones_are_certain() -> None:
    owner = made("StatefulSet", "web", spec={"replicas": 1}, status={"replicas": 0})
    message = "create Pod web-0 in StatefulSet web failed error: pods is forbidden: exceeded quota: q"
    old = event(owner, reason="FailedCreate", message=message, lastTimestamp="2026-01-01T00:00:00Z")
    assert code_of(diagnose([owner], [], [old], since=1_767_225_600)) == ("QuotaExceeded", True)
    assert code_of(diagnose([owner], [], [old], since=1_767_225_601)) == ("QuotaExceeded", False)


def test_a_failed_job_is_told_with_its_last_pod() -> None:
    failed = {
        "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "limit"}]
    }
    job = {**made("Job", "migrate", spec={}, status=failed), "apiVersion": "batch/v1"}
    ended = {"containerStatuses": [{"name": "web", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}]}
    pods = [pod(job, {"phase": "Failed", **deepcopy(ended)}, name=f"migrate-{number}") for number in (1, 2)]
    for number, each in enumerate(pods, 1):
        each["metadata"]["creationTimestamp"] = f"2026-01-01T00:00:0{number}Z"
    found = diagnose([job], pods, [])
    assert found is not None
    assert (found.code, found.certain, found.container) == ("JobFailed", True, "web")
    assert found.object is not None
    assert found.object.name == "migrate-2"
    assert "container web: Error, exit code 3" in found.evidence


@pytest.mark.parametrize(
    ("initial", "container"),
    [([0], "web"), ([2], "prepare"), ([], "web")],
    ids=["work", "preparation", "sidecar"],
)
def test_a_failed_jobs_log_is_that_of_the_container_that_failed(initial: list[int], container: str) -> None:
    """Not that of the sidecar, which is told to end when all is over, nor of a preparation that went well."""
    failed = {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}
    job = {**made("Job", "migrate", spec={}, status=failed), "apiVersion": "batch/v1"}
    sidecar = {"name": "istio-proxy", "state": {"terminated": {"exitCode": 137}}}
    prepared = [{"name": "prepare", "state": {"terminated": {"exitCode": code}}} for code in initial]
    work = {"name": "web", "state": {"terminated": {"exitCode": 3}}}
    status = {"phase": "Failed", "initContainerStatuses": [sidecar, *prepared], "containerStatuses": [work]}
    found = diagnose([job], [pod(job, status)], [])
    assert found is not None
    assert found.container == container


def test_a_failed_jobs_evicted_pod_says_so() -> None:
    failed = {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}
    job = {**made("Job", "migrate", spec={}, status=failed), "apiVersion": "batch/v1"}
    evicted = {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}
    found = diagnose([job], [pod(job, evicted)], [])
    assert found is not None
    assert (found.code, found.container) == ("JobFailed", "")
    assert found.evidence == ("the pod failed: low on memory",)


def test_a_jobs_pod_may_crash_as_often_as_its_job_allows() -> None:
    job = {**made("Job", "migrate", spec={}, status={"startTime": "2026-01-01T00:00:00Z"}), "apiVersion": "batch/v1"}
    assert code_of(diagnose([job], [pod(job, CRASHED)], [])) == ("CrashLoop", False)


def test_a_bare_pod_that_failed_never_comes_back() -> None:
    status = {"phase": "Failed", "containerStatuses": [{"name": "web", "state": {"terminated": {"exitCode": 1}}}]}
    assert code_of(diagnose([pod(None, status)], [], [])) == ("CrashLoop", True)
    evicted = {**status, "reason": "Evicted", "message": "low on memory"}
    assert code_of(diagnose([pod(None, evicted)], [], [])) == ("Evicted", True)
    refused = {"phase": "Failed", "reason": "NodeAffinity"}
    assert code_of(diagnose([pod(None, refused)], [], [])) == ("PodRejected", True)


def test_what_a_living_pod_lacks_says_more_than_that_another_was_evicted() -> None:
    owner = deployment([])
    newest = replica_set(owner, "web-2", "2")
    gone = pod(newest, {"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, name="web-2-a")
    unready = {"name": "web", "ready": False, "restartCount": 0, "state": {"running": {}}}
    living = pod(newest, {"phase": "Running", "containerStatuses": [unready]}, name="web-2-b")
    found = diagnose([owner, newest], [gone, living], [])
    assert found is not None
    assert "container web of pod web-2-b is running but not ready" in found.message
    assert code_of(diagnose([owner, newest], [gone], [])) == ("Evicted", False)


def test_istios_analysis_only_warns() -> None:
    """It may speak of a service that is not started yet."""
    body = made(
        "VirtualService", "web", spec={}, status={"validationMessages": [{"level": "ERROR", "code": "IST0101"}]}
    )
    assert code_of(diagnose([{**body, "apiVersion": "networking.istio.io/v1"}], [], [])) == ("IST0101", False)


def test_what_is_being_deleted_names_its_finalizers() -> None:
    body = made("ConfigMap", "settings")
    body["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/held"]}
    found = diagnose([{**body, "apiVersion": "v1"}], [], [])
    assert found is not None
    assert found.code == "Terminating"
    assert "example.com/held" in found.message


def test_a_claim_that_is_not_bound() -> None:
    body = {**made("PersistentVolumeClaim", "data", status={"phase": "Pending"}), "apiVersion": "v1"}
    events = [event(body, reason="ProvisioningFailed", type="Warning", message="no storage class")]
    found = diagnose([body], [], events)
    assert found is not None
    assert found.code == "PVCPending"
    assert found.evidence == ("event ProvisioningFailed: no storage class",)
    assert "StorageClass" in found.suggestion
    lost = diagnose([{**body, "status": {"phase": "Lost"}}], [], [])
    assert lost is not None
    assert lost.suggestion == "its volume is gone: bring it back, or delete the claim"


@pytest.mark.parametrize("case", REASONS, ids=[case["expected"] for case in REASONS])
def test_the_schedulers_reasons_in_plain_words(case: Body) -> None:
    code, words, advice = plain(case["said"])
    assert (code, words) == (case.get("code", "Unschedulable"), case["expected"])
    assert advice


STATE = st.none() | st.dictionaries(
    st.sampled_from(["waiting", "running", "terminated"]),
    st.none() | st.dictionaries(st.sampled_from(["reason", "message", "exitCode"]), st.none() | st.text(max_size=3)),
)
CONTAINER = st.dictionaries(st.sampled_from(["name", "state", "lastState", "ready", "restartCount", "image"]), STATE)
ODD_POD = st.fixed_dictionaries(
    {},
    optional={
        "phase": st.sampled_from(["Pending", "Running", "Failed", None, 3]),
        "conditions": st.none() | st.lists(st.dictionaries(st.sampled_from(["type", "status"]), st.text(max_size=3))),
        "containerStatuses": st.none() | st.lists(st.none() | CONTAINER, max_size=2),
        "initContainerStatuses": st.none() | st.lists(CONTAINER, max_size=2),
    },
)


@given(ODD_POD, st.lists(st.dictionaries(st.sampled_from(["reason", "message", "count", "lastTimestamp"]), STATE)))
def test_no_pod_is_too_odd_for_a_diagnosis(status: Body, told: list[Body]) -> None:
    owner = deployment([])
    newest = replica_set(owner, "web-2", "2")
    odd = pod(newest, status)
    assert diagnose([owner, newest], [odd], [event(odd, **each) for each in told], around=[odd, {}]) is not None
    diagnose([odd], [], [])
