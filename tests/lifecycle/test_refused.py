"""What the server refuses to change: fields of other managers, and fields that nobody can change."""

from __future__ import annotations

from running import live, started, writes
from shop import Body, Shop, config_map, deployment, job, pods, service, shop

from meshctl.cluster import Cluster
from meshctl.events import Applied, Waiting
from meshctl.identity import ObjectRef


def test_a_conflict_names_field_and_manager_and_what_force_would_do(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[deployment("web"), config_map("web", **{"app.conf": "ours"})])
    started(cluster, ours)
    ref = ObjectRef("apps/v1", "Deployment", namespace, "web")
    cluster.patch(ref, {"spec": {"replicas": 2}}, manager="scaler")
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.local/web:2"}
    cluster.patch(ref, [image], type="json", manager="updater")
    cluster.patch(ObjectRef("v1", "ConfigMap", namespace, "web"), {"data": {"app.conf": "theirs"}}, manager="editor")
    run = started(cluster, ours)
    failure = run.failures["web"]
    assert failure.code == "Conflict"
    assert 'data.app.conf: "theirs" by editor; --force-conflicts makes it "ours"' in failure.evidence
    cluster.patch(ObjectRef("v1", "ConfigMap", namespace, "web"), {"data": {"app.conf": "ours"}}, manager="editor")
    failure = started(cluster, ours).failures["web"]
    image_path = 'spec.template.spec.containers[name="web"].image'
    assert {
        "spec.replicas: 2 by scaler; --force-conflicts makes it 1",
        f'{image_path}: "registry.local/web:2" by updater; --force-conflicts makes it "registry.local/web:1"',
    } <= set(failure.evidence)
    assert "spec.replicas (scaler)" in failure.message
    assert "--force-conflicts" in failure.suggestion
    assert started(cluster, ours, force_conflicts=True).end.exit == 0
    assert cluster.get(ref)["spec"]["replicas"] == 1


def test_a_conflict_does_not_tell_a_secrets_values(cluster: Cluster, namespace: str) -> None:
    secret: Body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": "ours"}}
    ours = shop(namespace, {"web": []}, web=[secret])
    started(cluster, ours)
    cluster.patch(ObjectRef("v1", "Secret", namespace, "s"), {"data": {"password": "dGhlaXJz"}}, manager="editor")
    failure = started(cluster, ours).failures["web"]
    assert "data.password: *** by editor; --force-conflicts makes it ***" in failure.evidence


def selecting(namespace: str, label: str) -> Shop:
    """A Deployment whose selector, which cannot change, has that label."""
    web = deployment("web", selector={"matchLabels": {"app": "web", "track": label}})
    web["spec"]["template"]["metadata"]["labels"]["track"] = label
    return shop(namespace, {"web": [], "shop": ["web"]}, web=[config_map("web", track=label), web, service("web")])


def test_what_cannot_change_is_replaced_when_told_so(cluster: Cluster, namespace: str) -> None:
    started(cluster, selecting(namespace, "one"))
    before = live(cluster, namespace, "Deployment", "web", "apps/v1")["metadata"]["uid"]
    refused = started(cluster, selecting(namespace, "two"))
    assert (refused.failures["web"].code, refused.end.exit) == ("ImmutableField", 1)
    assert "--replace" in refused.failures["web"].suggestion
    assert live(cluster, namespace, "Deployment", "web", "apps/v1")["metadata"]["uid"] == before
    run = started(cluster, selecting(namespace, "two"), replace=True)
    assert [(str(event.object), event.operation) for event in run.of(Applied)] == [("Deployment web", "replaced")]
    assert any("replacing Deployment web" in event.reason for event in run.of(Waiting))
    after = live(cluster, namespace, "Deployment", "web", "apps/v1")
    assert after["metadata"]["uid"] != before
    assert after["spec"]["selector"]["matchLabels"]["track"] == "two"
    assert run.end.exit == 0


def test_data_is_never_replaced(cluster: Cluster, namespace: str) -> None:
    def with_claim(mode: str) -> Shop:
        spec = {"accessModes": [mode], "resources": {"requests": {"storage": "1Mi"}}}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "files"}, "spec": spec}
        return shop(namespace, {"db": []}, db=[claim])

    started(cluster, with_claim("ReadWriteOnce"))
    run = started(cluster, with_claim("ReadWriteMany"), replace=True)
    assert run.failures["db"].code == "ImmutableField"
    assert "its data would go" in run.failures["db"].suggestion
    assert live(cluster, namespace, "PersistentVolumeClaim", "files")["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_what_is_to_be_kept_is_not_replaced(cluster: Cluster, namespace: str) -> None:
    def kept(label: str) -> Shop:
        ours = selecting(namespace, label)
        ours.bodies["web"][1]["metadata"]["annotations"] = {"meshctl.dev/keep": "true"}
        return ours

    started(cluster, kept("one"))
    assert "marked to be kept" in started(cluster, kept("two"), replace=True).failures["web"].suggestion


def migrating(namespace: str, image: str, *, slow: bool = False) -> Shop:
    made = job("migrate", image=image)
    if slow:
        made["spec"]["template"]["metadata"] = pods("migrate", delay="60s")["metadata"]
    return shop(namespace, {"migrate": []}, migrate=[made])


def test_a_changed_job_is_replaced_when_it_has_finished(cluster: Cluster, namespace: str) -> None:
    started(cluster, migrating(namespace, "job:1"))
    run = started(cluster, migrating(namespace, "job:2"))
    assert [event.operation for event in run.of(Applied)] == ["replaced"]
    assert run.end.exit == 0
    cluster.requests.clear()
    assert started(cluster, migrating(namespace, "job:2")).end.counts == {"unchanged": 1, "ready": 1}
    assert writes(cluster) == 0


def test_a_job_that_runs_is_left_alone(cluster: Cluster, namespace: str) -> None:
    started(cluster, migrating(namespace, "job:1", slow=True), wait=False)
    changed = migrating(namespace, "job:2", slow=True)
    run = started(cluster, changed, wait=False)
    assert (run.failures["migrate"].code, run.end.exit) == ("JobRunning", 1)
    assert "--replace" in run.failures["migrate"].suggestion
    run = started(cluster, changed, wait=False, replace=True)
    assert [event.operation for event in run.of(Applied)] == ["replaced"]
