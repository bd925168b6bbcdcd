"""start, on a real API server."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from faults import FaultyProxy
from running import live, started, starting, told, writes
from shop import Shop, config_map, definition, deployment, job, service, shop, widget

from meshctl.cluster import Cluster, connect
from meshctl.compare import FieldChange
from meshctl.errors import NotFound
from meshctl.events import Applied, Blocked, ErrorRaised, Planned, Ready, Unchanged, Waiting, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle import Interrupt, StartOptions, diff, start


def test_everything_is_applied_and_ready(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[deployment("web", replicas=2), service("web"), config_map("web", a="b")])
    run = started(cluster, ours)
    plan = run[0]
    assert isinstance(plan, Planned)
    assert (plan.action, plan.namespace, plan.services, plan.objects) == ("start", namespace, ("web",), 3)
    assert run.objects(Applied) == ["ConfigMap web", "Service web", "Deployment web"]
    assert [(event.service, event.ready, event.wanted) for event in run.of(Ready)] == [("web", 2, 2)]
    assert run.end.exit == 0
    assert run.end.counts == {"applied": 3, "ready": 1}


def test_a_service_begins_when_what_it_needs_is_ready(cluster: Cluster, namespace: str) -> None:
    needs = {"api": ["db"], "db": [], "web": ["api"]}
    run = started(cluster, shop(namespace, needs))
    assert run.services(Ready) == ["db", "api", "web"]
    assert run.place(Ready, "db") < run.place(Applied, "api")
    assert run.place(Ready, "api") < run.place(Applied, "web")
    assert [(event.service, event.reason) for event in run.of(Waiting)[:2]] == [("api", "db"), ("web", "api")]


def test_a_slow_service_holds_up_only_what_needs_it(cluster: Cluster, namespace: str) -> None:
    """There are no levels: the whole of another branch is up before the slow one is."""
    needs = {"slow": [], "after": ["slow"], "a": [], "b": ["a"], "c": ["b"]}
    run = started(cluster, shop(namespace, needs, slow=[deployment("slow", delay="3s")]))
    assert run.place(Ready, "c") < run.place(Ready, "slow") < run.place(Applied, "after")
    assert run.end.exit == 0


def test_a_repeated_start_writes_nothing(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"db": [], "web": ["db"]}, web=[config_map("web", a="b"), deployment("web"), service("web")])
    started(cluster, ours)
    cluster.requests.clear()
    run = started(cluster, ours)
    assert writes(cluster) == 0
    assert run.end.counts == {"unchanged": 4, "ready": 2}
    assert cluster.requests["list"] == 3


def test_requests_are_few(namespace: str, sandbox_kubeconfig: Path, tmp_path: Path) -> None:
    """Counted at the wire, watches, lookups and the run's Lease included: none of them is asked for an object."""
    names = [f"s{number}" for number in range(12)]
    bodies = {name: [config_map(name), service(name), deployment(name)] for name in names}
    ours = shop(namespace, {name: [] for name in names}, **bodies)
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        cluster = connect(kubeconfig=proxy.kubeconfig, environ={})
        assert started(cluster, ours).end.exit == 0
        fresh = len(proxy.seen)
        assert started(cluster, ours).end.counts == {"unchanged": 36, "ready": 12}
        repeated = proxy.seen[fresh:]
    assert fresh <= 36 + 2 * 3 + 2 * 12 + 20
    assert len(repeated) <= 3 * 3 + 20
    assert not [seen for seen in repeated if seen.method != "GET" and "/leases" not in seen.path]


def test_only_what_changed_is_sent(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[config_map("a", x="1", y="1"), config_map("b", x="1")])
    started(cluster, ours)
    run = started(cluster, ours.with_bodies("web", config_map("a", x="2"), config_map("b", x="1")))
    assert run.objects(Applied) == ["ConfigMap a"]
    assert run.objects(Unchanged) == ["ConfigMap b"]
    assert live(cluster, namespace, "ConfigMap", "a")["data"] == {"x": "2"}


def test_a_failure_blocks_what_needs_it_and_nothing_else(cluster: Cluster, namespace: str) -> None:
    needs = {"bad": [], "web": ["bad"], "shop": ["web"], "good": [], "better": ["good"]}
    run = started(cluster, shop(namespace, needs, bad=[deployment("bad", fail="InvalidImageName")]))
    assert [(event.service, event.by) for event in run.of(Blocked)] == [("web", ("bad",)), ("shop", ("bad",))]
    assert run.services(Ready) == ["good", "better"]
    assert run.end.exit == 1
    assert run.end.counts == {"applied": 3, "blocked": 2, "failed": 1, "ready": 2}


def test_every_failure_has_its_code_and_evidence(cluster: Cluster, namespace: str) -> None:
    failing = {
        "pull": "ImagePullBackOff",
        "image": "InvalidImageName",
        "config": "CreateContainerConfigError",
        "crash": "CrashLoopBackOff",
        "memory": "OOMKilled",
        "probe": "NotReady",
    }
    bodies = {name: [deployment(name, fail=fail)] for name, fail in failing.items()}
    nowhere = deployment("nowhere")
    nowhere["spec"]["template"]["spec"]["nodeSelector"] = {"no": "node"}
    ours = shop(namespace, {name: [] for name in (*failing, "nowhere")}, **bodies, nowhere=[nowhere])
    run = started(cluster, ours, timeout=12.0)
    assert {name: event.code for name, event in run.failures.items()} == {
        "pull": "ImagePull",
        "image": "InvalidImage",
        "config": "CreateContainerConfig",
        "crash": "CrashLoop",
        "memory": "OOMKilled",
        "probe": "ProbeFailed",
        "nowhere": "Unschedulable",
    }
    late = {name for name, event in run.failures.items() if event.message.startswith("not ready after 12 seconds: ")}
    assert late == {"probe", "nowhere"}
    assert any(line.startswith("log crash (previous): ") for line in run.failures["crash"].evidence)
    assert all(event.suggestion and event.evidence and event.object for event in run.failures.values())


def test_a_quota_that_refuses_the_pods_is_told_at_once(cluster: Cluster, namespace: str) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}}
    run = started(cluster, shop(namespace, {"web": []}, _namespace=[quota]))
    assert run.failures["web"].code == "QuotaExceeded"
    assert not run.failures["web"].message.startswith("not ready after")


def test_a_job_that_is_complete_is_ready(cluster: Cluster, namespace: str) -> None:
    run = started(cluster, shop(namespace, {"migrate": [], "web": ["migrate"]}, migrate=[job("migrate")]))
    assert run.services(Ready) == ["migrate", "web"]


def test_a_refused_object_fails_its_service(cluster: Cluster, namespace: str) -> None:
    """The server's words, the object, and the template that it came from."""
    wrong = deployment("wrong", unheard="of")
    run = started(cluster, shop(namespace, {"wrong": [], "good": []}, wrong=[config_map("settings"), wrong]))
    failure = run.failures["wrong"]
    assert (failure.code, str(failure.object), failure.evidence) == (
        "Invalid",
        "Deployment wrong",
        ("from wrong/1.yaml:1:1",),
    )
    assert "unheard" in failure.message
    assert run.services(Ready) == ["good"]


@pytest.mark.parametrize(
    "labels",
    [
        {"app.kubernetes.io/managed-by": "Helm"},
        {"applyset.kubernetes.io/part-of": "applyset-of-kubectl-v1"},
        {"app.kubernetes.io/managed-by": "meshctl", "app.kubernetes.io/part-of": "other"},
        {
            "app.kubernetes.io/managed-by": "meshctl",
            "app.kubernetes.io/part-of": "shop",
            "meshctl.dev/service": "other",
        },
    ],
)
def test_what_is_anothers_is_not_touched(cluster: Cluster, namespace: str, labels: dict[str, str]) -> None:
    theirs = config_map("settings", theirs="1")
    theirs["metadata"] |= {"namespace": namespace, "labels": labels}
    before = cluster.create(theirs)
    ours = shop(namespace, {"web": [], "good": []}, web=[config_map("settings", ours="1")])
    run = started(cluster, ours)
    assert (run.failures["web"].code, run.end.exit, run.services(Ready)) == ("NotOurs", 3, ["good"])
    assert cluster.get(ObjectRef.of(theirs)) == before
    assert started(cluster, ours, take_ownership=True).end.exit == 0
    assert cluster.get(ObjectRef.of(theirs))["metadata"]["labels"]["meshctl.dev/service"] == "web"


def test_what_is_nobodys_is_adopted(cluster: Cluster, namespace: str) -> None:
    theirs = config_map("settings", ours="1")
    theirs["metadata"]["namespace"] = namespace
    cluster.create(theirs)
    assert started(cluster, shop(namespace, {"web": []}, web=[config_map("settings", ours="1")])).end.exit == 0


def test_a_definition_and_its_objects_in_one_run(cluster: Cluster, namespace: str) -> None:
    """The objects of a kind wait until it is served; so do those of services that need the one that defines it."""
    group = f"{namespace}.example.com"
    ours = shop(
        namespace,
        {"kinds": [], "user": ["kinds"]},
        kinds=[widget(group, "first"), definition(group)],
        user=[widget(group, "second")],
    )
    try:
        run = started(cluster, ours)
        assert run.objects(Applied) == [f"CustomResourceDefinition widgets.{group}", "Widget first", "Widget second"]
        cluster.requests.clear()
        assert started(cluster, ours).end.counts["unchanged"] == 3
        assert writes(cluster) == 0
    finally:
        cluster.delete(ObjectRef.of(definition(group)))


def test_a_definition_and_its_objects_change_in_one_run(cluster: Cluster, namespace: str) -> None:
    """The server goes by the old form for a moment after the new one is stored; a dry run cannot know the new one."""

    def with_fields(*fields: str) -> Shop:
        group = f"{namespace}.example.com"
        made, user = definition(group), widget(group)
        form = {"type": "object", "properties": {field: {"type": "integer"} for field in fields}}
        version = made["spec"]["versions"][0]
        version["schema"]["openAPIV3Schema"] = {"type": "object", "properties": {"spec": form}}
        user["spec"] = dict.fromkeys(fields, 1)
        return shop(namespace, {"web": []}, web=[made, user])

    try:
        started(cluster, with_fields("a"))
        for fields in (("a", "b"), ("a", "b", "c")):
            ours = with_fields(*fields)
            foreseen = diff(ours.plan(), ours.bundle(), cluster)
            assert [(change.ref.kind, change.verified) for change in foreseen][1] == ("Widget", False)
            assert foreseen[1].fields == (FieldChange(f"spec.{fields[-1]}", None, 1),)
            assert started(cluster, ours).end.counts == {"applied": 2, "ready": 1}
    finally:
        cluster.delete(ObjectRef.of(definition(f"{namespace}.example.com")))


def test_a_kind_that_the_server_does_not_know_fails_its_service_alone(cluster: Cluster, namespace: str) -> None:
    run = started(cluster, shop(namespace, {"odd": [], "good": []}, odd=[widget("unheard.example.com")]))
    assert run.failures["odd"].code == "NoSuchKind"
    assert "CustomResourceDefinition is not installed" in run.failures["odd"].message
    assert run.services(Ready) == ["good"]


def test_nothing_is_waited_for_when_told_so(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"bad": [], "web": ["bad"]}, bad=[deployment("bad", fail="NotReady")])
    run = started(cluster, ours, wait=False)
    assert run.services(Applied) == ["bad", "web"]
    assert not run.of(Ready)
    assert run.end.exit == 0


def test_a_service_may_be_waited_for_in_its_own_way(cluster: Cluster, namespace: str) -> None:
    ours = shop(
        namespace,
        {"applied": [], "condition": [], "never": []},
        applied=[deployment("applied", fail="NotReady")],
        condition=[deployment("condition", fail="NotReady")],
    )
    ours = ours.waiting("applied", for_="applied").waiting("condition", for_="condition=Available=False")
    run = started(cluster, ours.waiting("never", 1.5, "condition=Unheard"))
    assert sorted(run.services(Ready)) == ["applied", "condition"]
    assert run.failures["never"].message.startswith("not ready after 1.5 seconds")


def test_the_first_failure_can_end_the_run(cluster: Cluster, namespace: str) -> None:
    needs = {"bad": [], "slow": [], "after": ["slow"]}
    bodies = {"bad": [deployment("bad", unheard="of")], "slow": [deployment("slow", delay="30s")]}
    run = started(cluster, shop(namespace, needs, **bodies), fail_fast=True)
    assert run.end.counts["failed"] == 1
    assert [(event.service, event.code) for event in run.of(Warned)] == [("slow", "Unfinished"), ("after", "NotBegun")]
    assert run.end.exit == 1


def test_an_interrupted_run_tells_what_was_done_and_what_was_not(cluster: Cluster, namespace: str) -> None:
    ours = shop(
        namespace,
        {"db": [], "slow": ["db"], "after": ["slow"]},
        slow=[deployment("slow", delay="60s"), service("slow")],
    )
    interrupt = Interrupt()
    events = starting(cluster, ours, interrupt=interrupt)
    seen = []
    for event in events:
        seen.append(event)
        if isinstance(event, Waiting) and event.service == "slow" and event.wanted:
            interrupt.set(143)
    run = told(seen)
    assert run.end.exit == 143
    assert {(event.service, event.code, event.message) for event in run.of(Warned)} == {
        ("slow", "Unfinished", "stopped half-way: 2 of 2 objects applied, not ready yet"),
        ("after", "NotBegun", "not begun"),
    }
    assert run.end.counts == {"applied": 3, "ready": 1, "unfinished": 1, "not_begun": 1}
    with pytest.raises(NotFound):
        live(cluster, namespace, "Deployment", "after", "apps/v1")


def test_a_run_that_is_interrupted_before_its_first_service_says_so(cluster: Cluster, namespace: str) -> None:
    interrupt = Interrupt()
    interrupt.set()
    run = told(starting(cluster, shop(namespace, {"web": [], "db": []}), interrupt=interrupt))
    assert [(event.service, event.code) for event in run.of(Warned)] == [("web", "NotBegun"), ("db", "NotBegun")]
    assert (run.end.exit, run.end.counts) == (130, {"not_begun": 2})


def test_a_run_leaves_no_threads_behind(cluster: Cluster, namespace: str) -> None:
    before = set(threading.enumerate())
    started(cluster, shop(namespace, {"web": []}))
    ended = [thread for thread in threading.enumerate() if thread not in before]
    for thread in ended:
        thread.join(5)
    assert not any(thread.is_alive() for thread in ended)


def test_a_run_that_nobody_listens_to_any_more_ends(cluster: Cluster, namespace: str) -> None:
    before = set(threading.enumerate())
    events = starting(cluster, shop(namespace, {"slow": []}, slow=[deployment("slow", delay="60s")]))
    for event in events:
        if isinstance(event, Applied):
            break
    events.close()  # type: ignore[attr-defined]
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before


def test_a_clients_dry_run_needs_no_cluster(namespace: str) -> None:
    ours = shop(namespace, {"db": [], "web": ["db"]})
    run = told(start(ours.plan(), ours.bundle(), None, StartOptions(dry_run="client"), Interrupt()))
    assert [(event.service, event.dry_run) for event in run.of(Applied)] == [("db", True), ("web", True)]
    assert run.end.exit == 0


def test_a_servers_dry_run_stores_nothing_and_finds_faults(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"old": [], "new": [], "wrong": []}, wrong=[deployment("wrong", unheard="of")])
    started(cluster, ours, "old")
    run = started(cluster, ours, dry_run="server")
    assert run.objects(Unchanged) == ["Deployment old"]
    assert [(event.service, event.operation, event.dry_run) for event in run.of(Applied)] == [("new", "created", True)]
    assert run.failures["wrong"].code == "Invalid"
    assert run.end.exit == 1
    with pytest.raises(NotFound):
        live(cluster, namespace, "Deployment", "new", "apps/v1")


def test_a_dry_run_in_a_namespace_that_is_not_there_is_not_verified(cluster: Cluster, unused_namespace: str) -> None:
    run = started(cluster, shop(unused_namespace, {"web": []}), dry_run="server")
    assert run.objects(Applied) == [f"Namespace {unused_namespace}", "Deployment web"]
    assert [event.code for event in run.of(Warned)] == ["NotVerified"]
    with pytest.raises(NotFound):
        cluster.get(ObjectRef("v1", "Namespace", "", unused_namespace))


def test_an_error_of_the_whole_run_is_an_event(cluster: Cluster, unused_namespace: str) -> None:
    """Nothing is raised: the stream ends as it always does."""
    ours = shop(unused_namespace.upper(), {"web": []})
    run = started(cluster, ours)
    assert [event.code for event in run.of(ErrorRaised)] == ["Invalid"]
    assert run.end.exit == 1
