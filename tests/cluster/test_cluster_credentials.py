"""Logging in: plugins, tokens that expire, impersonation, the account of a pod.

A scratch server notes what it is told.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from meshctl.cluster import Cluster, connect
from meshctl.cluster.credentials import of_pod
from meshctl.errors import MeshctlError, Unauthorized


class Door(ThreadingHTTPServer):
    """Lets in who has the right token; `headers` are those of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Doorman)
        self.token = ""
        self.headers: list[dict[str, list[str]]] = []

    @property
    def tokens(self) -> list[str]:
        return [each.get("Authorization", [""])[0] for each in self.headers]


class Doorman(BaseHTTPRequestHandler):
    server: Door

    def do_GET(self) -> None:
        self.server.headers.append({key: self.headers.get_all(key) or [] for key in self.headers})
        right = self.server.token in ("", (self.headers.get("Authorization") or "").removeprefix("Bearer "))
        body = json.dumps({"gitVersion": "v1"} if right else {"kind": "Status", "code": 401, "message": "Unauthorized"})
        self.send_response(200 if right else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's own name
        """Nothing."""


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def kubeconfig(door: Door, tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    def written(user: dict[str, Any]) -> Path:
        file = tmp_path / "config"
        cluster = {"server": f"http://127.0.0.1:{door.server_port}"}
        body = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
        }
        file.write_text(json.dumps(body), encoding="utf-8")
        return file

    return written


@pytest.fixture
def login(kubeconfig: Callable[[dict[str, Any]], Path]) -> Callable[[dict[str, Any]], Cluster]:
    return lambda user: connect(kubeconfig=kubeconfig(user), environ={})


Login = Callable[[dict[str, Any]], Cluster]


def plugin(folder: Path, *, seconds: float = 3600, version: str = "v1") -> dict[str, Any]:
    """A credential plugin that gives token-1, token-2 … and counts how often it was run in a file `runs`."""
    expires = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    credential = {"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential"}
    program = folder / "plugin.py"
    program.write_text(
        f"import json, pathlib\n"
        f"runs = pathlib.Path({str(folder / 'runs')!r})\n"
        f"count = len(runs.read_text()) + 1 if runs.exists() else 1\n"
        f"runs.write_text('x' * count)\n"
        f"status = {{'token': f'token-{{count}}', 'expirationTimestamp': {expires!r}}}\n"
        f"print(json.dumps({{**{credential!r}, 'status': status}}))\n"
    )
    return {"exec": {"apiVersion": credential["apiVersion"], "command": sys.executable, "args": [str(program)]}}


def refused(login: Login, user: dict[str, Any]) -> MeshctlError:
    with pytest.raises(Unauthorized) as caught:
        login(user).version()
    return caught.value


def test_a_token(login: Login, door: Door) -> None:
    door.token = "secret"  # noqa: S105 not one
    assert login({"token": "secret"}).version() == {"gitVersion": "v1"}


def test_a_name_and_a_password(login: Login, door: Door) -> None:
    login({"username": "anna", "password": "x"}).version()
    assert door.tokens == ["Basic YW5uYTp4"]


def test_a_token_that_has_expired(login: Login, door: Door) -> None:
    door.token = "new"  # noqa: S105 not one
    error = refused(login, {"token": "old"})
    assert error.message == "cannot get the server's version: the server does not accept the credentials"
    assert "log in to the cluster again" in error.suggestion
    assert door.tokens == ["Bearer old"]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_plugin_is_run_once(login: Login, door: Door, tmp_path: Path, version: str) -> None:
    cluster = login(plugin(tmp_path, version=version))
    cluster.version()
    cluster.version()
    assert door.tokens == ["Bearer token-1", "Bearer token-1"]


def test_a_plugin_is_run_again_before_its_token_expires(login: Login, door: Door, tmp_path: Path) -> None:
    cluster = login(plugin(tmp_path, seconds=60))
    cluster.version()
    assert door.tokens == ["Bearer token-2"]


def test_a_plugin_is_run_again_when_its_token_is_refused(login: Login, door: Door, tmp_path: Path) -> None:
    door.token = "token-2"  # noqa: S105 not one
    login(plugin(tmp_path)).version()
    assert door.tokens == ["Bearer token-1", "Bearer token-2"]


def test_a_token_in_a_file_is_read_again_when_it_is_refused(login: Login, door: Door, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    cluster = login({"tokenFile": str(file)})
    file.write_text("new")
    door.token = "new"  # noqa: S105 not one
    cluster.version()
    assert door.tokens == ["Bearer old", "Bearer new"]


def test_a_plugin_that_is_missing(login: Login) -> None:
    error = refused(login, {"exec": {"apiVersion": "v1", "command": "no-such-plugin", "installHint": "get it there"}})
    assert (error.message, error.suggestion) == (
        "the credential plugin no-such-plugin is not installed",
        "get it there",
    )
    assert error.where


def test_a_plugin_that_fails_says_why(login: Login, capfd: pytest.CaptureFixture[str]) -> None:
    command = {"command": "/bin/sh", "args": ["-c", "echo you are logged out >&2; exit 3"]}
    error = refused(login, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", **command}})
    assert error.message == "the credentials cannot be used: exec: process returned 3. you are logged out"
    assert capfd.readouterr() == ("", "")


def test_a_plugin_that_says_something_else(login: Login) -> None:
    command = {"command": "/bin/sh", "args": ["-c", "echo hello"]}
    error = refused(login, {"exec": {"apiVersion": "client.authentication.k8s.io/v1", **command}})
    assert "failed to decode process output" in error.message


def test_impersonation(login: Login, door: Door) -> None:
    extra = {"reason": ["a test"]}
    login({"as": "bob", "as-uid": "7", "as-groups": ["dev", "ops"], "as-user-extra": extra}).version()
    told = {key.lower(): value for key, value in door.headers[0].items()}
    assert told["impersonate-user"] == ["bob"]
    assert told["impersonate-uid"] == ["7"]
    assert told["impersonate-group"] == ["dev", "ops"]
    assert told["impersonate-extra-reason"] == ["a test"]


def test_a_proxy_of_the_environment_is_not_for_this_machine(
    login: Login, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    login({}).version()
    assert len(door.headers) == 1


@pytest.mark.parametrize(
    ("user", "library"),
    [({"token": "x"}, False), ({"username": "anna", "password": "x"}, False), ({"tokenFile": "token"}, True)],
)
def test_the_official_client_is_imported_only_for_what_it_alone_can_do(
    kubeconfig: Callable[[dict[str, Any]], Path], tmp_path: Path, user: dict[str, Any], library: bool
) -> None:
    (tmp_path / "token").write_text("x")
    program = (
        "import sys; from pathlib import Path; from meshctl.cluster import connect;"
        "connect(kubeconfig=Path(sys.argv[1]), environ={}).version(); print('kubernetes' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(kubeconfig(user))], capture_output=True, text=True, check=True
    )
    assert ended.stdout == f"{library}\n"


def test_nobody(login: Login, door: Door) -> None:
    login({}).version()
    assert door.tokens == [""]
    assert door.headers[0]["User-Agent"][0].startswith("meshctl/")


class TestPod:
    ENVIRON = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}  # noqa: RUF012 constant

    @pytest.fixture
    def account(self, tmp_path: Path) -> Path:
        (tmp_path / "token").write_text("pods-token")
        (tmp_path / "ca.crt").write_text("a certificate")
        return tmp_path

    def test_the_account_of_the_pod(self, account: Path) -> None:
        login = of_pod(self.ENVIRON, account)
        assert login.server == "https://10.96.0.1:443"
        assert [(key, value.lower()) for key, value in login.headers()] == [("Authorization", "bearer pods-token")]

    def test_a_new_token_is_found_when_the_old_one_is_refused(self, account: Path) -> None:
        login = of_pod(self.ENVIRON, account)
        old = dict(login.headers())["Authorization"]
        assert not login.renew(old)
        (account / "token").write_text("new-token")
        assert login.renew(old)
        assert "new-token" in dict(login.headers())["Authorization"]

    def test_a_pod_without_an_account(self, tmp_path: Path) -> None:
        with pytest.raises(Unauthorized, match="token file does not exist"):
            of_pod(self.ENVIRON, tmp_path)

    def test_it_is_chosen_when_nothing_else_is_there(self) -> None:
        with pytest.raises(Unauthorized, match="token file does not exist"):
            connect(environ={"HOME": "/nowhere", **self.ENVIRON})
