"""Admission webhooks that are dead, in front of many objects: the run ends in seconds, and says what to do."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import Authority
from running import Told, started
from shop import Shop, config_map, shop
from shop import service as shop_service
from webhooks import webhook

from meshctl.cluster import Cluster
from meshctl.events import Failed
from meshctl.lifecycle import diff

SERVICES = 200
PATIENCE = 2  # seconds that the API server gives the webhook


@pytest.fixture
def crowd(namespace: str) -> Shop:
    names = [f"s{number:03}" for number in range(SERVICES)]
    bodies = {name: [config_map(name), shop_service(name)] for name in names[1:]}
    first = [config_map(name) for name in ("s000", "s000-more", "s000-too")]
    return shop(namespace, {name: [] for name in names}, **bodies, s000=first)


@contextmanager
def dead(cluster: Cluster, namespace: str, folder: Path, *, hangs: bool) -> Iterator[None]:
    """Nobody listens where the webhook should be, or somebody who never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1] if hangs else 1
        with webhook(cluster, namespace, port, Authority(folder).certificate, seconds=PATIENCE):
            time.sleep(0.5)  # until the API server asks it
            yield


@pytest.mark.parametrize("hangs", [False, True], ids=["refuses", "hangs"])
def test_it_holds_up_200_objects_for_no_longer_than_a_few(
    cluster: Cluster, namespace: str, crowd: Shop, tmp_path: Path, hangs: bool
) -> None:
    with dead(cluster, namespace, tmp_path, hangs=hangs):
        cluster.requests.clear()
        began = time.monotonic()
        run = started(cluster, crowd)
        seconds = time.monotonic() - began
    assert run.end.exit == 1
    assert sorted(run.services(Failed)) == sorted(crowd.bodies)  # each once
    assert {event.code for event in run.of(Failed)} == {"WebhookUnavailable"}
    assert cluster.requests["apply"] <= 16 + 3
    assert seconds < PATIENCE * 3 + 3
    _explained(run, namespace)


def _explained(run: Told, namespace: str) -> None:
    """The first ConfigMap of a service is its set's parent: what comes after it is never sent."""
    asked, not_asked = run.failures["s000"], run.failures["s199"]
    assert "the webhook refuse.example.org does not answer" in asked.message
    assert not_asked.message == (
        "ConfigMap meshctl-shop-s199 was not sent: "
        "the webhook refuse.example.org did not answer for 3 others of its kind"
    )
    for failure in (asked, not_asked):
        assert f"kubectl delete validatingwebhookconfiguration {namespace}" in failure.suggestion


def test_a_diff_does_not_ask_for_all_either(cluster: Cluster, namespace: str, crowd: Shop, tmp_path: Path) -> None:
    with dead(cluster, namespace, tmp_path, hangs=False):
        cluster.requests.clear()
        with pytest.raises(Exception, match="was not sent"):
            diff(crowd.plan(), crowd.bundle(), cluster)
    assert cluster.requests["apply"] <= 16 + 3 + SERVICES  # the Services pass


def test_one_that_answers_now_and_then_is_asked_on(cluster: Cluster, namespace: str) -> None:
    """Three in a row count, not three of many."""
    from meshctl.errors import Overloaded
    from meshctl.identity import ObjectRef
    from meshctl.lifecycle.breaker import UNAVAILABLE, Breaker

    breaker, ref = Breaker(cluster), ObjectRef("v1", "ConfigMap", namespace, "web")

    def unavailable() -> None:
        error = Overloaded("no", code=UNAVAILABLE)
        error.webhook = "other.example.org"
        raise error

    for _ in range(5):
        for _ in range(2):
            with pytest.raises(Overloaded, match="no"):
                breaker.ask(ref, unavailable)
        assert breaker.ask(ref, lambda: "yes") == "yes"
