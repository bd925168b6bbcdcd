"""Runs that meet: one Lease keeps those over the same services apart, and lets the others go on side by side."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from faults import Fault, FaultyProxy, answer, cut_answer
from running import Told, started, starting, stopped, told
from shop import Shop, config_map, deployment, shop

from meshctl.cluster import Cluster, connect
from meshctl.errors import NotFound
from meshctl.events import Applied, Deleted, ErrorRaised, Event, Ready, Waiting, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle import Interrupt, ReloadOptions, RestartOptions, reload, restart
from meshctl.lifecycle.locking import Ledger, Lock, claim_of_this_process
from meshctl.lifecycle.locking.claims import Claim, Lost, lease_body, read

ELSEWHERE = {"host": "ci-runner", "machine": "another machine"}


def ours(namespace: str) -> Shop:
    return shop(namespace, {"web": [], "cache": []}, web=[config_map("web")], cache=[config_map("cache")])


def ledger(cluster: Cluster, namespace: str) -> Ledger:
    return Ledger(cluster, namespace, "shop")


def lease(cluster: Cluster, namespace: str) -> dict[str, Any] | None:
    try:
        return cluster.get(ObjectRef("coordination.k8s.io/v1", "Lease", namespace, "meshctl-shop"))
    except NotFound:
        return None


def put(cluster: Cluster, namespace: str, *services: str, **about: Any) -> Claim:
    """A claim that is there, as some run has left it."""
    claim = replace(claim_of_this_process("bob", "start", services), **about)
    cluster.create(lease_body("shop", namespace, (claim,)))
    return claim


@contextmanager
def held(cluster: Cluster, namespace: str, *services: str, **about: Any) -> Iterator[Claim]:
    """A claim that is renewed all the time."""
    claim = replace(claim_of_this_process("bob", "start", services), **about)
    lock = Lock(ledger(cluster, namespace), claim, lambda _: None)
    lock.take()
    yield claim
    lock.release()


def dead_process() -> tuple[int, str]:
    """The number of a process that was, and when it began."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        from meshctl.sandbox.processes import started_at

        born = started_at(process.pid)
        process.kill()
    return process.pid, born


def messages(run: Told, kind: type[ErrorRaised | Warned]) -> list[tuple[str, str]]:
    return [(event.code, event.message) for event in run.of(kind)]


def test_a_run_holds_its_services_while_it_goes_on_and_costs_two_requests(cluster: Cluster, namespace: str) -> None:
    cluster.requests.clear()
    held_then: list[Claim] = []
    for event in starting(cluster, ours(namespace), "web"):
        if isinstance(event, Applied):
            held_then += read(lease(cluster, namespace) or {"metadata": {}})
    assert [(each.action, each.user, each.process, each.services) for each in held_then] == [
        ("start", "anna", os.getpid(), ("web",))
    ]
    assert cluster.requests["lock"] == 2
    assert lease(cluster, namespace) is None


def test_the_refusal_names_the_holder_its_age_and_what_to_do(cluster: Cluster, namespace: str) -> None:
    begun = datetime.now(UTC) - timedelta(minutes=3)
    with held(cluster, namespace, "web", "cache", since=begun, host="laptop"):
        run = started(cluster, ours(namespace))
    (error,) = run.of(ErrorRaised)
    assert error.code == "Locked"
    assert error.message == f"cache, web are locked by the start of bob on laptop, process {os.getpid()}, for 3 min"
    assert "wait until it has ended, or interrupt it" in error.suggestion
    assert run.end.exit == 3
    assert run.of(Applied) == []


def test_every_action_respects_it_and_everything_is_more_than_each(cluster: Cluster, namespace: str) -> None:
    shop_ = ours(namespace).with_bodies("web", config_map("web"), deployment("web"))
    assert started(cluster, shop_).end.exit == 0
    plan, interrupt = shop_.plan("web"), Interrupt()
    with held(cluster, namespace, "web"):
        runs = [
            told(restart(plan, cluster, RestartOptions(), interrupt)),
            told(reload(plan, shop_.bundle("web"), cluster, ReloadOptions(), interrupt)),
            stopped(cluster, shop_, "web"),
            stopped(cluster, shop_),
        ]
    assert [[event.code for event in run.of(ErrorRaised)] for run in runs] == [["Locked"]] * 4
    assert [run.end.exit for run in runs] == [3] * 4


def test_runs_over_other_services_go_on_side_by_side(cluster: Cluster, namespace: str) -> None:
    shop_ = ours(namespace).with_bodies("web", deployment("web", delay="2s"))
    first: list[Event] = []
    slow = threading.Thread(target=lambda: first.extend(starting(connect_again(cluster), shop_, "web")))
    slow.start()
    while not any(isinstance(event, Applied) for event in first):
        time.sleep(0.01)
    second = started(cluster, shop_, "cache")
    refused = started(cluster, shop_, "web")
    assert slow.is_alive()
    slow.join()
    assert second.end.exit == told(first).end.exit == 0
    assert [event.code for event in refused.of(ErrorRaised)] == ["Locked"]
    assert lease(cluster, namespace) is None


def connect_again(cluster: Cluster) -> Cluster:
    return connect(kubeconfig=Path(cluster.target.kubeconfig), environ={})


def test_many_runs_at_once_end_with_one_holder_for_each_service(cluster: Cluster, namespace: str) -> None:
    """Each of twelve wants one of three services, and nobody gives way."""
    locks = [
        Lock(ledger(cluster, namespace), claim_of_this_process("anna", "start", [f"s{number % 3}"]), lambda _: None)
        for number in range(12)
    ]
    refused: list[Exception] = []

    def take(lock: Lock) -> None:
        try:
            lock.take()
        except Exception as error:  # noqa: BLE001 it is counted
            refused.append(error)

    threads = [threading.Thread(target=take, args=(lock,)) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.services for each in read(lease(cluster, namespace) or {})) == [("s0",), ("s1",), ("s2",)]
    assert [type(error).__name__ for error in refused] == ["Taken"] * 9
    for lock in locks:
        lock.release()
    assert lease(cluster, namespace) is None


class TestDead:
    def test_a_process_of_this_machine_that_is_gone_is_replaced_at_once(self, cluster: Cluster, namespace: str) -> None:
        number, born = dead_process()
        put(cluster, namespace, "web", process=number, born=born)
        began = time.monotonic()
        run = started(cluster, ours(namespace), "web")
        assert time.monotonic() - began < 5
        assert run.end.exit == 0
        ((code, message),) = messages(run, Warned)
        assert code == "LockTakenOver"
        assert message.startswith("took web over from the start of bob on ")
        assert message.endswith(f"process {number}, which has ended without a word")

    def test_another_process_of_the_same_number_is_another(self, cluster: Cluster, namespace: str) -> None:
        put(cluster, namespace, "web", process=os.getpid(), born="long ago")
        assert started(cluster, ours(namespace), "web").end.exit == 0

    @pytest.mark.parametrize("year", [1970, 2150])
    def test_one_of_another_machine_is_watched_whatever_its_clock_says(
        self, cluster: Cluster, namespace: str, year: int
    ) -> None:
        moment = datetime(year, 1, 1, tzinfo=UTC)
        put(cluster, namespace, "web", since=moment, renewed=moment, seconds=2, **ELSEWHERE)
        run = started(cluster, ours(namespace), "web")
        assert run.end.exit == 0
        assert "whether the start of bob on ci-runner" in run.of(Waiting, "web")[0].reason
        assert [code for code, _ in messages(run, Warned)] == ["LockTakenOver"]
        assert run.end.seconds >= 2

    def test_one_of_another_machine_that_moves_is_respected(self, cluster: Cluster, namespace: str) -> None:
        with held(cluster, namespace, "web", seconds=3, **ELSEWHERE):
            run = started(cluster, ours(namespace), "web")
        assert [code for code, _ in messages(run, ErrorRaised)] == ["Locked"]

    def test_its_claim_on_other_services_goes_too(self, cluster: Cluster, namespace: str) -> None:
        number, born = dead_process()
        put(cluster, namespace, "cache", process=number, born=born)
        assert messages(started(cluster, ours(namespace), "web"), Warned) == []
        assert lease(cluster, namespace) is None


class TestLost:
    """What happens to a run whose claim goes while it goes on."""

    @pytest.fixture
    def running(self, cluster: Cluster, namespace: str) -> Iterator[tuple[Lock, list[Lost]]]:
        losses: list[Lost] = []
        claim = claim_of_this_process("anna", "start", ["web"], seconds=1)
        lock = Lock(ledger(cluster, namespace), claim, losses.append)
        lock.take()
        yield lock, losses
        lock.release()

    def test_renewals_keep_it(self, cluster: Cluster, namespace: str, running: tuple[Lock, list[Lost]]) -> None:
        time.sleep(1.5)
        (claim,) = read(lease(cluster, namespace) or {})
        assert claim.renewed - claim.since > timedelta(seconds=1)
        assert running[1] == []

    def test_somebody_else_has_it(self, cluster: Cluster, namespace: str, running: tuple[Lock, list[Lost]]) -> None:
        theirs = replace(claim_of_this_process("bob", "stop", ["*"]), **ELSEWHERE)
        ledger(cluster, namespace).change(lambda _: (theirs,))
        wait_for(lambda: running[1])
        assert running[1][0].rivals == (theirs,)
        running[0].release()
        assert read(lease(cluster, namespace) or {}) == (theirs,)

    def test_a_run_stops_cleanly(self, cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("meshctl.lifecycle.locking.lock.RENEWALS", 100)
        shop_ = ours(namespace).with_bodies("web", deployment("web", fail="NotReady"))
        seen = []
        for event in starting(cluster, shop_, "web"):
            seen.append(event)
            if isinstance(event, Applied):
                cluster.delete(ObjectRef("coordination.k8s.io/v1", "Lease", namespace, "meshctl-shop"))
        run = told(seen)
        assert messages(run, ErrorRaised) == [("LockLost", "the lock was lost: its Lease was deleted")]
        assert ("Unfinished", "stopped half-way: waiting until it is ready")[0] in [
            code for code, _ in messages(run, Warned)
        ]
        assert run.end.exit == 3


class TestFaults:
    def test_whoever_may_not_write_leases_is_told_once_and_goes_on(
        self, namespace: str, sandbox_kubeconfig: Path, tmp_path: Path
    ) -> None:
        with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
            no = (
                'leases.coordination.k8s.io is forbidden: User "anna" cannot create resource "leases" in API group '
                f'"coordination.k8s.io" in the namespace "{namespace}"'
            )
            proxy.inject(answer(403, no, reason="Forbidden"), times=99, path="leases")
            run = started(connect(kubeconfig=proxy.kubeconfig, environ={}), ours(namespace))
        ((code, message),) = messages(run, Warned)
        assert code == "NoLock"
        assert f"anna may not create leases.coordination.k8s.io in {namespace}" in message
        assert sorted(run.services(Ready)) == ["cache", "web"]

    @pytest.mark.parametrize("fault", [cut_answer(), answer(500, "etcdserver: leader changed")], ids=["cut", "500"])
    def test_a_lost_answer_leaves_nothing_behind(
        self, cluster: Cluster, unused_namespace: str, sandbox_kubeconfig: Path, tmp_path: Path, fault: Fault
    ) -> None:
        with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
            proxy.inject(fault, on="POST", path=r"/namespaces\?")
            proxy.inject(fault, on="POST", path="leases")
            proxy.inject(fault, on="DELETE", path="leases")
            run = started(connect(kubeconfig=proxy.kubeconfig, environ={}), ours(unused_namespace))
        assert run.end.exit == 0
        assert lease(cluster, unused_namespace) is None

    def test_a_namespace_that_is_not_there_needs_no_lock_to_be_stopped(
        self, cluster: Cluster, unused_namespace: str
    ) -> None:
        run = stopped(cluster, ours(unused_namespace))
        assert messages(run, ErrorRaised) == []
        assert run.end.exit == 0

    def test_nothing_is_left_after_an_interrupt_or_an_error(self, cluster: Cluster, namespace: str) -> None:
        interrupt = Interrupt()
        waiting = ours(namespace).with_bodies("web", deployment("web", fail="NotReady"))
        for event in starting(cluster, waiting, interrupt=interrupt):
            if isinstance(event, Applied):
                interrupt.set()
        assert lease(cluster, namespace) is None
        run = iter(starting(cluster, waiting))
        while not isinstance(next(run), Waiting):
            pass
        run.close()  # type: ignore[attr-defined]
        assert lease(cluster, namespace) is None

    def test_a_dry_run_takes_none(self, cluster: Cluster, namespace: str) -> None:
        cluster.requests.clear()
        assert started(cluster, ours(namespace), dry_run="server").end.exit == 0
        assert cluster.requests["lock"] == 0

    def test_the_namespace_goes_with_its_lease(self, cluster: Cluster, unused_namespace: str) -> None:
        shop_ = ours(unused_namespace)
        assert started(cluster, shop_).end.exit == 0
        run = stopped(cluster, shop_, delete_namespace=True)
        assert run.objects(Deleted)[-1] == f"Namespace {unused_namespace}"
        assert messages(run, ErrorRaised) == []


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
