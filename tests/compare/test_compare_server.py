"""What the comparison says of a live object, against what a real API server does with it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from meshctl import yamlio
from meshctl.cluster import Cluster
from meshctl.compare import as_wanted, canonical, differences, owned
from meshctl.errors import ClusterError
from meshctl.identity import ObjectRef

HERE = Path(__file__).parent
MUTATIONS = 300
VOLATILE = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")

Body = dict[str, Any]


def bodies(namespace: str) -> list[Body]:
    file = HERE / "kinds.yaml"
    found = [document.value for document in yamlio.load_all(file.read_text(), str(file))]
    for body in found:
        body["metadata"]["namespace"] = namespace
        body["metadata"].setdefault("labels", {})["project"] = "shop"
    return found


@pytest.fixture
def wanted(cluster: Cluster, namespace: str) -> list[Body]:
    """Applied."""
    found = bodies(namespace)
    for body in found:
        cluster.apply(canonical(body))
    return found


def live_of(cluster: Cluster, body: Body) -> Body:
    """As a list has it."""
    ref = ObjectRef.of(body)
    items = cluster.list(ref.api_version, ref.kind, ref.namespace).items
    return next(item for item in items if item["metadata"]["name"] == ref.name)


def test_what_was_applied_is_as_wanted(cluster: Cluster, wanted: list[Body]) -> None:
    """Quantities, defaults, dropped zeros, encoded text: whatever the server made of it."""
    unlike = {str(ObjectRef.of(body)): list(differences(body, live_of(cluster, body))) for body in wanted}
    assert not {ref: paths for ref, paths in unlike.items() if paths}


def test_what_is_owned_can_be_applied_again(cluster: Cluster, wanted: list[Body]) -> None:
    for body in wanted:
        live = live_of(cluster, body)
        before = owned(live)
        assert before is not None
        after = cluster.apply(before).object
        assert stored(after) == stored(live)


def test_whoever_changes_a_field_is_noticed(cluster: Cluster, wanted: list[Body]) -> None:
    deployment = next(body for body in wanted if body["kind"] == "Deployment")
    ref = ObjectRef.of(deployment)
    for patch in ({"spec": {"replicas": 3}}, {"metadata": {"labels": {"app": None}}}):
        cluster.patch(ref, patch, manager="kubectl-edit")
        assert not as_wanted(deployment, live_of(cluster, deployment))
        cluster.apply(canonical(deployment), force=True)
        assert as_wanted(deployment, live_of(cluster, deployment))


def test_what_others_add_is_theirs(cluster: Cluster, wanted: list[Body]) -> None:
    """A sidecar, an annotation, a variable: nothing that the manifest speaks of."""
    deployment = next(body for body in wanted if body["kind"] == "Deployment")
    template = {
        "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}},
        "spec": {"containers": [{"name": "web", "env": [{"name": "THEIRS", "value": "1"}]}]},
    }
    patch = {"spec": {"template": template}}
    cluster.patch(ObjectRef.of(deployment), patch, type="strategic", manager="meshctl-restart")
    assert as_wanted(deployment, live_of(cluster, deployment))


def test_an_object_that_we_never_applied_is_not_as_wanted(cluster: Cluster, namespace: str) -> None:
    body = bodies(namespace)[0]
    cluster.create(canonical(body))
    assert not as_wanted(body, live_of(cluster, body))


def test_whatever_is_changed_the_answer_is_that_of_the_servers_dry_run(cluster: Cluster, wanted: list[Body]) -> None:
    """`as_wanted` may be too careful, never too careless: an apply that would change something is never left out."""
    chance = random.Random(1)  # noqa: S311 no secret
    lives = {str(ObjectRef.of(body)): live_of(cluster, body) for body in wanted}
    equal = 0
    for _ in range(MUTATIONS):
        body, what = mutated(chance.choice(wanted), chance)
        live = lives[str(ObjectRef.of(body))]
        if as_wanted(body, live):
            assert stored(dry_run(cluster, body)) == stored(live), what
            equal += 1
    assert equal > MUTATIONS // 10


def dry_run(cluster: Cluster, body: Body) -> Body:
    try:
        return cluster.apply(canonical(body), dry_run=True, force=True).object
    except ClusterError as error:
        return {"metadata": {}, "refused": error.message}


def stored(body: Body) -> Body:
    """Without what changes by itself."""
    kept = deepcopy({key: value for key, value in body.items() if key != "status"})
    for key in VOLATILE:
        kept["metadata"].pop(key, None)
    return kept


def mutated(body: Body, chance: random.Random) -> tuple[Body, str]:
    """One change, anywhere but in the identity: some mean nothing, some are invalid."""
    changed = deepcopy(body)
    path = chance.choice([path for path in paths(changed) if path[0] not in ("apiVersion", "kind") and len(path) > 2])
    parent: Any = changed
    for key in path[:-1]:
        parent = parent[key]
    value = parent[path[-1]]
    match chance.randrange(6):
        case 0:
            del parent[path[-1]]
        case 1:
            parent[path[-1]] = None
        case 2:
            parent[path[-1]] = type(value)() if value is not None else {}
        case 3:
            parent[path[-1]] = other(value, chance)
        case 4 if isinstance(value, list):
            chance.shuffle(value)
        case _ if isinstance(value, dict):
            value[chance.choice(["name", "protocol", "value", "unheard-of"])] = chance.choice(["TCP", 1, True, {}])
    return changed, f"{ObjectRef.of(body)}: {path}"


def other(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return chance.choice([value + 1, str(value), float(value), 0])
    if isinstance(value, str):
        return chance.choice([f"{value}x", "1000m", "1", value.upper(), "1024Mi"])
    return value


def paths(value: Any, path: Sequence[str | int] = ()) -> Iterator[Sequence[str | int]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))
