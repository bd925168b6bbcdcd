"""start behind a network that breaks."""

from __future__ import annotations

from pathlib import Path

from faults import FaultyProxy, answer
from running import started, starting, told, writes
from shop import config_map, deployment, shop

from meshctl.cluster import Cluster, connect
from meshctl.events import ErrorRaised, Ready, Waiting


def test_a_cut_in_the_middle_is_survived(
    cluster: Cluster, namespace: str, sandbox_kubeconfig: Path, tmp_path: Path
) -> None:
    ours = shop(namespace, {"slow": [], "web": ["slow"]}, slow=[deployment("slow", delay="3s")])
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        seen = []
        for event in starting(connect(kubeconfig=proxy.kubeconfig, environ={}), ours):
            seen.append(event)
            if isinstance(event, Waiting) and event.service == "slow" and event.wanted:
                proxy.cut_all()
    run = told(seen)
    assert run.services(Ready) == ["slow", "web"]
    assert run.end.exit == 0
    cluster.requests.clear()
    assert started(cluster, ours).end.exit == 0
    assert writes(cluster) == 0


def test_a_busy_server_is_asked_again(namespace: str, sandbox_kubeconfig: Path, tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(5)]
    ours = shop(namespace, {name: [] for name in names}, **{name: [config_map(name)] for name in names})
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        proxy.inject(answer(429, retry_after=1), times=3, on="PATCH")
        run = started(connect(kubeconfig=proxy.kubeconfig, environ={}), ours)
    assert run.end.counts == {"applied": 5, "ready": 5}


def test_a_server_that_is_gone_ends_the_run_with_words(
    namespace: str, sandbox_kubeconfig: Path, tmp_path: Path
) -> None:
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        far = connect(kubeconfig=proxy.kubeconfig, environ={})
    run = started(far, shop(namespace, {"web": []}))
    assert [event.code for event in run.of(ErrorRaised)] == ["ConnectionRefused"]
    assert run.end.exit == 1
