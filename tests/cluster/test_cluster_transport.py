"""What goes wrong on the wire: what is tried again, what is not, and what is said in the end."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from certificates import Authority
from cluster_objects import config_map, deployment
from faults import FaultyProxy, answer, cut, cut_answer, delay

from meshctl import yamlio
from meshctl.cluster import Cluster, connect
from meshctl.errors import Conflict, Invalid, Overloaded, Unauthorized, Unreachable
from meshctl.identity import ObjectRef


class Scratch:
    """A TLS server that nobody needs to reach the end of; `certificate` is who it says it is."""

    def __init__(self, folder: Path, **mistakes: Any) -> None:
        authority = Authority(folder, **mistakes)
        self.certificate = authority.certificate
        self._context = authority.server()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.server = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), self._context.wrap_socket(client, server_side=True) as spoken:
                spoken.recv(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()


class TestTriedAgain:
    def test_a_busy_server_is_given_the_time_that_it_asks_for(
        self, faulty: Cluster, proxy: FaultyProxy, namespace: str
    ) -> None:
        proxy.inject(answer(429, "slow down", retry_after=1), on="PATCH")
        assert faulty.apply(config_map(namespace)).created
        first, second = (seen.time for seen in proxy.seen if seen.method == "PATCH")
        assert second - first >= 1
        assert faulty.throttled == 1

    def test_what_is_asked_to_come_back_later_comes_whatever_it_is(
        self, faulty: Cluster, proxy: FaultyProxy, namespace: str
    ) -> None:
        proxy.inject(answer(429, "slow down", retry_after=0), on="POST")
        proxy.inject(answer(429, "slow down"), on="POST")
        faulty.create(config_map(namespace))
        assert faulty.requests["create"] == 3

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_fault_of_the_server(self, faulty: Cluster, proxy: FaultyProxy, namespace: str, status: int) -> None:
        proxy.inject(answer(status, "etcdserver: leader changed"), times=2)
        assert faulty.list("v1", "ConfigMap", namespace).items is not None
        assert faulty.requests["list"] == 3

    @pytest.mark.parametrize("fault", [cut(), cut_answer()], ids=["before", "in the middle of the answer"])
    def test_a_broken_connection(self, faulty: Cluster, proxy: FaultyProxy, namespace: str, fault: Any) -> None:
        proxy.inject(fault, on="PATCH")
        assert faulty.apply(config_map(namespace, a="b")).object["data"] == {"a": "b"}
        proxy.inject(fault, on="GET")
        assert faulty.get(ObjectRef.of(config_map(namespace)))["data"] == {"a": "b"}
        proxy.inject(cut(), on="DELETE")
        assert faulty.delete(ObjectRef.of(config_map(namespace)))

    def test_a_delete_whose_answer_was_lost_finds_nothing_more(
        self, faulty: Cluster, proxy: FaultyProxy, namespace: str
    ) -> None:
        faulty.apply(config_map(namespace))
        proxy.inject(cut_answer(), on="DELETE")
        assert not faulty.delete(ObjectRef.of(config_map(namespace)))

    def test_a_server_that_restarts(self, faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
        faulty.version()
        proxy.down()
        restart = threading.Timer(0.5, proxy.up)
        restart.start()
        assert faulty.apply(config_map(namespace)).created
        restart.join()

    def test_a_connection_that_was_idle_for_too_long(self, faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
        faulty.version()
        proxy.cut_all()
        faulty.create(config_map(namespace))  # on a new connection: nothing was sent on the old one


class TestNotTriedAgain:
    def test_what_the_server_stumbles_over_each_time(self, faulty: Cluster, proxy: FaultyProxy) -> None:
        proxy.inject(answer(500, "runtime error: index out of range"), times=99)
        with pytest.raises(Overloaded):
            faulty.version()
        assert faulty.requests["version"] == 3

    def test_data_that_is_no_base64(self, cluster: Cluster, namespace: str) -> None:
        secret = {**config_map(namespace, password="not base64"), "kind": "Secret"}  # noqa: S106 not one
        with pytest.raises(Invalid) as caught:
            cluster.apply(secret)
        assert caught.value.suggestion.startswith("what is under data has to be base64")

    def test_what_may_not_be_done_twice(self, faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
        proxy.inject(cut_answer(), on="POST")
        with pytest.raises(Unreachable) as caught:
            faulty.create(config_map(namespace))
        assert caught.value.code == "ConnectionLost"
        proxy.inject(cut(), on="PATCH")
        with pytest.raises(Unreachable):
            faulty.patch(ObjectRef.of(config_map(namespace)), [], type="json")
        assert (faulty.requests["create"], faulty.requests["patch"]) == (1, 1)

    def test_a_clear_no(self, faulty: Cluster, namespace: str) -> None:
        faulty.apply(deployment(namespace), manager="other")
        with pytest.raises(Invalid):
            faulty.apply(deployment(namespace, replicas=-1), force=True)
        with pytest.raises(Conflict):
            faulty.apply(deployment(namespace, replicas=2))
        assert faulty.requests["apply"] == 3

    def test_a_server_that_wants_to_be_left_alone_for_long(self, faulty: Cluster, proxy: FaultyProxy) -> None:
        proxy.inject(answer(503, "later", retry_after=3600))
        with pytest.raises(Overloaded) as caught:
            faulty.version()
        assert caught.value.retry_after == 3600
        assert faulty.requests["version"] == 1

    def test_after_close(self, faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
        proxy.inject(answer(429, "slow down", retry_after=20), on="PATCH")
        threading.Timer(0.3, faulty.close).start()
        began = time.monotonic()
        with pytest.raises(Overloaded):
            faulty.apply(config_map(namespace))
        assert time.monotonic() - began < 5


def test_ctrl_c_ends_a_request_that_is_waiting(proxy: FaultyProxy) -> None:
    proxy.inject(delay(20))
    program = (
        "import sys; from pathlib import Path; from meshctl.cluster import connect\n"
        "cluster = connect(kubeconfig=Path(sys.argv[1]), environ={}); print('go', flush=True); cluster.version()"
    )
    command = [sys.executable, "-c", program, str(proxy.kubeconfig)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout
        waiting.stdout.readline()
        while not proxy.seen:
            time.sleep(0.01)
        began = time.monotonic()
        waiting.send_signal(signal.SIGINT)
        _, errors = waiting.communicate(timeout=10)
    assert time.monotonic() - began < 3
    assert errors.rstrip().endswith("KeyboardInterrupt")


class TestUnreachable:
    """One sentence and one suggestion for each cause."""

    @pytest.fixture
    def refusal(self, tmp_path: Path) -> Callable[..., Unreachable]:
        def asked(server: str, *, timeout: float = 10, context: str = "far", **cluster: Any) -> Unreachable:
            config = {
                "current-context": context,
                "contexts": [{"name": context, "context": {"cluster": "c"}}],
                "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
            }
            file = tmp_path / "kubeconfig"
            file.write_text(json.dumps(config))
            with pytest.raises(Unreachable) as caught:
                connect(kubeconfig=file, environ={}, timeout=timeout).version()
            assert caught.value.message.startswith("cannot get the server's version: ")
            assert caught.value.suggestion
            return caught.value

        return asked

    def test_nothing_listens(self, refusal: Callable[..., Unreachable]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            free_port = listener.getsockname()[1]
        began = time.monotonic()
        error = refusal(f"https://127.0.0.1:{free_port}", context="kind-dev")
        assert error.code == "ConnectionRefused"
        assert error.message.endswith(f"nothing listens at https://127.0.0.1:{free_port}")
        assert error.suggestion == "start the cluster of context kind-dev, or choose another with --context"
        assert time.monotonic() - began < 3  # told at once, not after many tries

    def test_a_sandbox_that_is_down(self, proxy: FaultyProxy) -> None:
        cluster = connect(sandbox_kubeconfig=proxy.kubeconfig, environ={"HOME": "/nowhere"})
        proxy.down()
        with pytest.raises(Unreachable) as caught:
            cluster.version()
        assert "`meshctl sandbox up`" in caught.value.suggestion

    def test_an_unknown_host(self, refusal: Callable[..., Unreachable]) -> None:
        error = refusal("https://no-such-host.invalid")
        assert error.code == "UnknownHost"
        assert error.message.endswith("no host is known by the name in https://no-such-host.invalid")
        assert "VPN" in error.suggestion

    def test_a_server_that_never_answers(self, refusal: Callable[..., Unreachable]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            server = f"http://127.0.0.1:{mute.getsockname()[1]}"
            error = refusal(server, timeout=0.2)
        assert error.code == "Timeout"
        assert error.message.endswith(f"{server} has said nothing for 0.2 s")

    def test_another_server(self, refusal: Callable[..., Unreachable], proxy: FaultyProxy) -> None:
        proxy.inject(answer(200, body=b"<html>please log in</html>"))
        error = refusal(proxy.address)
        assert (error.code, error.message.endswith("what answers is no API server")) == ("NoAPIServer", True)

    def test_no_tls_where_tls_was_expected(self, refusal: Callable[..., Unreachable], proxy: FaultyProxy) -> None:
        assert refusal(proxy.address.replace("http:", "https:")).code == "NoTLS"

    def test_an_unknown_authority(self, refusal: Callable[..., Unreachable], tmp_path: Path) -> None:
        other = Authority(tmp_path).certificate
        with Scratch(tmp_path) as scratch:
            error = refusal(scratch.server, **{"certificate-authority-data": other})
        assert error.code == "Certificate"
        assert "is by no authority that its kubeconfig names" in error.message

    def test_a_certificate_for_another_name(self, refusal: Callable[..., Unreachable], tmp_path: Path) -> None:
        with Scratch(tmp_path, address="192.0.2.1") as scratch:
            error = refusal(scratch.server, **{"certificate-authority-data": scratch.certificate})
        assert error.code == "Certificate"
        assert error.message.endswith(f"the certificate of {scratch.server} is for another name")

    def test_a_certificate_that_is_too_old(self, refusal: Callable[..., Unreachable], tmp_path: Path) -> None:
        with Scratch(tmp_path, days=-1) as scratch:
            error = refusal(scratch.server, **{"certificate-authority-data": scratch.certificate})
        assert error.code == "Certificate"
        assert error.message.endswith(f"the certificate of {scratch.server} has expired")

    def test_a_client_certificate_that_is_not_accepted(self, sandbox_kubeconfig: Path, tmp_path: Path) -> None:
        """An API server lets in who has none it knows, as nobody: that is for it to say."""
        config = yamlio.load(sandbox_kubeconfig.read_text(), "kubeconfig").value
        stranger = Authority(tmp_path).file
        config["users"][0]["user"] = {"client-certificate": str(stranger), "client-key": str(stranger)}
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(config))
        with pytest.raises(Unauthorized):
            connect(kubeconfig=file, environ={}).list("v1", "Pod", "default")
