"""start behind a network that breaks."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from faults import Fault, FaultyProxy, answer, cut, cut_answer, delay, swallow
from running import started, starting, stopped, told, writes
from shop import config_map, deployment, service, shop

from meshctl.cluster import Cluster, Watch, connect
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


BAD_DAYS: dict[str, list[Fault]] = {
    "busy": [answer(429, "too many requests")],
    "broken": [
        answer(502, body=b"<html>Bad Gateway</html>"),
        answer(500, "etcdserver: leader changed"),
        cut(),
        cut_answer(),
    ],
    "slow": [delay(0.5)],
}


@pytest.mark.parametrize("day", BAD_DAYS)
def test_a_bad_second_changes_nothing_in_the_end(
    cluster: Cluster, namespace: str, sandbox_kubeconfig: Path, tmp_path: Path, day: str
) -> None:
    needs = {"db": [], "web": ["db"], "job": []}
    ours = shop(namespace, needs, job=[config_map("job"), service("job")])
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        far = connect(kubeconfig=proxy.kubeconfig, environ={})
        far.version()  # a first request that fails is told at once
        proxy.inject(for_a_second(*BAD_DAYS[day]), times=1000)
        assert started(far, ours).end.counts == {"applied": 4, "ready": 3}
        cluster.requests.clear()
        assert started(cluster, ours).end.exit == 0
        assert writes(cluster) == 0
        proxy.inject(for_a_second(*BAD_DAYS[day]), times=1000)
        assert stopped(far, ours).end.counts["gone"] == 3


def for_a_second(*faults: Fault) -> Fault:
    """One after the other, from the first request on; then no more."""
    began: list[float] = []
    turns = cycle(faults)

    def fault(handler: Any) -> bool:
        began.append(time.monotonic())
        return began[-1] - began[0] < 1 and next(turns)(handler)

    return fault


@pytest.mark.parametrize("fault", [answer(410, "too old", reason="Expired"), swallow()], ids=["forgotten", "silent"])
def test_watches_that_see_nothing_are_begun_anew(
    namespace: str, sandbox_kubeconfig: Path, tmp_path: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Watch.__init__.__kwdefaults__, "rounds", (1, 1))
    monkeypatch.setitem(Watch.__init__.__kwdefaults__, "slack", 0.2)
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        proxy.inject(fault, times=3, path="watch=1")
        run = started(connect(kubeconfig=proxy.kubeconfig, environ={}), shop(namespace, {"db": [], "web": ["db"]}))
    assert run.services(Ready) == ["db", "web"]


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


PLUGIN = """\
import json, pathlib
print(json.dumps({
    "apiVersion": "client.authentication.k8s.io/v1",
    "kind": "ExecCredential",
    "status": {"token": pathlib.Path(%r).read_text()},
}))
"""


def test_tokens_that_expire_all_the_time_cost_no_request(
    namespace: str, sandbox_kubeconfig: Path, tmp_path: Path
) -> None:
    """A token is good for ten requests, the kubeconfig's plugin knows the next one."""
    names = [f"s{number}" for number in range(20)]
    ours = shop(namespace, {name: [] for name in names}, **{name: [config_map(name)] for name in names})
    token = tmp_path / "token"
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        proxy.inject(expiring(token, 10), times=10_000)
        run = started(connect(kubeconfig=with_plugin(proxy.kubeconfig, token), environ={}), ours)
    assert run.end.counts == {"applied": 20, "ready": 20}
    assert int(token.read_text()) > 2


def expiring(token: Path, uses: int) -> Fault:
    """Lets in who has the newest token, which is another after so many times."""
    token.write_text("1")
    lock, refuse, used = threading.Lock(), answer(401, "Unauthorized"), Counter[str]()

    def fault(handler: Any) -> bool:
        with lock:
            newest = token.read_text()
            given = (handler.headers["Authorization"] or "").removeprefix("Bearer ")
            used[given] += 1
            if used[newest] == uses:
                token.write_text(str(int(newest) + 1))
        return given != newest and refuse(handler)

    return fault


def with_plugin(kubeconfig: Path, token: Path) -> Path:
    """The kubeconfig, with a credential plugin that reads the token from a file."""
    program = token.with_name("plugin.py")
    program.write_text(PLUGIN % str(token))
    plugin = {"command": sys.executable, "args": ["-S", str(program)]}
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", **plugin}}
    body = json.loads(kubeconfig.read_text())
    body["users"][0]["user"] = user
    kubeconfig.write_text(json.dumps(body))
    return kubeconfig
