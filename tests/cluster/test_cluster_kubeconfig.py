"""Which cluster is chosen, from which file, and what is wrong with a kubeconfig. No cluster is needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshctl import yamlio
from meshctl.cluster import Target, connect, contexts
from meshctl.cluster.kubeconfig import load
from meshctl.errors import MeshctlError, Unauthorized, Unreachable, UsageError, YamlError

Write = Callable[..., Path]
CURRENT = "current-context: a"
CONTEXT = "contexts: [{name: a, context: {cluster: c, user: u}}]"
SERVER = "clusters: [{{name: c, cluster: {{server: '{}'}}}}]"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a kubeconfig of contexts `name: server`; the first is the current one unless told otherwise."""

    def written(name: str, servers: dict[str, str], *, current: str | None = None, user: Any = None) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        body = {
            "current-context": next(iter(servers), "") if current is None else current,
            "contexts": [{"name": each, "context": {"cluster": each, "user": each}} for each in servers],
            "clusters": [{"name": each, "cluster": {"server": server}} for each, server in servers.items()],
            "users": [{"name": each, "user": user or {}} for each in servers],
        }
        file.write_text(yamlio.dump(body), encoding="utf-8")
        return file

    return written


def target(environ: dict[str, str] | None = None, **options: Any) -> Target:
    return connect(environ=environ or {"HOME": "/nowhere"}, **options).target


def refusal(environ: dict[str, str] | None = None, **options: Any) -> MeshctlError:
    with pytest.raises(MeshctlError) as caught:
        target(environ, **options)
    return caught.value


class TestOrder:
    """cli.md: --context/--kubeconfig; else KUBECONFIG; else a running sandbox; else ~/.kube/config; else in-cluster."""

    @pytest.fixture
    def everywhere(self, write: Write, tmp_path: Path) -> dict[str, Any]:
        write("home/.kube/config", {"home": "https://home.example"})
        listed = write("listed", {"listed": "https://listed.example"})
        sandbox = write("sandbox", {"meshctl-sandbox": "https://127.0.0.1:1"})
        named = write("named", {"named": "https://named.example"})
        environ = {"HOME": str(tmp_path / "home"), "KUBECONFIG": str(listed)}
        return {"environ": environ, "sandbox_kubeconfig": sandbox, "kubeconfig": named}

    def test_the_option_first(self, everywhere: dict[str, Any]) -> None:
        chosen = target(**everywhere)
        assert (chosen.context, chosen.source) == ("named", "--kubeconfig")

    def test_then_kubeconfig(self, everywhere: dict[str, Any]) -> None:
        chosen = target(**everywhere | {"kubeconfig": None})
        assert (chosen.context, chosen.source, chosen.local) == ("listed", "KUBECONFIG", False)

    def test_then_the_sandbox(self, everywhere: dict[str, Any], tmp_path: Path) -> None:
        everywhere |= {"kubeconfig": None, "environ": {"HOME": str(tmp_path / "home")}}
        chosen = target(**everywhere)
        assert (chosen.context, chosen.source, chosen.local) == ("meshctl-sandbox", "sandbox", True)

    @pytest.mark.usefixtures("everywhere")
    def test_then_the_file_at_home(self, tmp_path: Path) -> None:
        chosen = target({"HOME": str(tmp_path / "home")})
        assert (chosen.context, chosen.source) == ("home", "~/.kube/config")
        assert chosen.kubeconfig == str(tmp_path / "home/.kube/config")

    def test_then_nothing(self) -> None:
        error = refusal()
        assert isinstance(error, Unreachable)
        assert (error.message, error.code) == ("no cluster is configured", "NoCluster")
        assert "meshctl sandbox up" in error.suggestion

    def test_a_context_is_looked_for_in_the_same_order(self, everywhere: dict[str, Any], tmp_path: Path) -> None:
        everywhere |= {"kubeconfig": None}
        chosen = target(**everywhere, context="meshctl-sandbox")
        assert (chosen.context, chosen.source) == ("meshctl-sandbox", "--context")
        everywhere["environ"] = {"HOME": str(tmp_path / "home")}
        assert target(**everywhere, context="home").context == "home"

    def test_a_missing_kubeconfig_gives_way_to_the_sandbox_alone(self, everywhere: dict[str, Any]) -> None:
        everywhere |= {"kubeconfig": None}
        everywhere["environ"]["KUBECONFIG"] = "/nowhere/config"
        assert target(**everywhere).source == "sandbox"
        error = refusal(**everywhere | {"sandbox_kubeconfig": None})
        assert isinstance(error, UsageError)
        assert error.message == "KUBECONFIG names /nowhere/config, which does not exist"

    def test_an_empty_kubeconfig_is_as_good_as_none(self, everywhere: dict[str, Any]) -> None:
        everywhere |= {"kubeconfig": None}
        everywhere["environ"]["KUBECONFIG"] = os.devnull
        assert target(**everywhere).source == "sandbox"
        assert "has no contexts" in refusal(**everywhere | {"sandbox_kubeconfig": None}).message


class TestMerging:
    def test_the_first_to_name_something_wins(self, write: Write) -> None:
        first = write("first", {"a": "https://one.example"}, current="")
        second = write("second", {"a": "https://two.example", "b": "https://two.example"}, current="b")
        third = write("third", {"c": "https://three.example"}, current="c")
        merged = load([first, Path("/nowhere"), second, third])
        assert list(merged.contexts) == ["a", "b", "c"]
        assert merged.current == "b"
        assert merged.context("a").server == "https://one.example"

    def test_the_list_is_separated_as_the_system_does(self, write: Write) -> None:
        files = [write("first", {"a": "https://one.example"}), write("second", {"b": "https://two.example"})]
        environ = {"KUBECONFIG": os.pathsep.join(map(str, [*files, "/nowhere"]))}
        assert target(environ).context == "a"
        assert target(environ, context="b").server == "https://two.example"
        assert contexts(environ=environ) == ["a", "b"]

    def test_parts_of_a_context_may_stand_in_different_files(self, tmp_path: Path) -> None:
        first = tmp_path / "first"
        first.write_text("contexts: [{name: a, context: {cluster: c, namespace: dev}}]\ncurrent-context: a\n")
        second = tmp_path / "second"
        second.write_text("clusters: [{name: c, cluster: {server: 'https://c.example'}}]\n")
        chosen = target({"KUBECONFIG": f"{first}{os.pathsep}{second}"})
        assert (chosen.server, chosen.namespace, chosen.kubeconfig) == ("https://c.example", "dev", str(second))

    def test_paths_are_relative_to_their_file(self, write: Write, tmp_path: Path) -> None:
        user = {"client-certificate": "me.crt", "client-key": "/keys/me.key", "tokenFile": "token", "token": "old"}
        file = write("folder/config", {"a": "https://one.example"}, user=user)
        given = load([file]).context("a").for_client()["users"][0]["user"]
        folder = tmp_path / "folder"
        certificates = {"client-certificate": str(folder / "me.crt"), "client-key": "/keys/me.key"}
        assert given == certificates | {"tokenFile": str(folder / "token")}

    def test_data_wins_over_a_path(self, write: Write) -> None:
        user = {"client-certificate": "me.crt", "client-certificate-data": "QQ==", "client-key": None}
        file = write("config", {"a": "https://one.example"}, user=user)
        given = load([file]).context("a").for_client()["users"][0]["user"]
        assert given == {"client-certificate-data": "QQ=="}


@pytest.mark.parametrize(
    ("context", "server", "local"),
    [
        ("kind-dev", "https://10.0.0.1", True),
        ("minikube", "https://192.168.49.2:8443", True),
        ("docker-desktop", "https://kubernetes.docker.internal:6443", True),
        ("k3d-dev", "https://0.0.0.0:4000", True),
        ("any", "https://127.0.0.1:6443", True),
        ("any", "https://[::1]:6443", True),
        ("any", "https://localhost", True),
        ("production", "https://203.0.113.9", False),
        ("not-kind-dev", "https://kind.example", False),
        ("kind", "https://localhost.example", False),
    ],
)
def test_local_clusters(write: Write, context: str, server: str, local: bool) -> None:
    assert target(kubeconfig=write("config", {context: server})).local is local


class TestFaults:
    def test_a_file_that_is_missing(self) -> None:
        error = refusal(kubeconfig=Path("/nowhere/config"))
        assert isinstance(error, UsageError)
        assert error.message == "--kubeconfig names /nowhere/config, which does not exist"

    def test_a_file_that_is_a_folder(self, tmp_path: Path) -> None:
        assert refusal(kubeconfig=tmp_path).message == f"the kubeconfig {tmp_path} cannot be read: Is a directory"

    def test_broken_yaml_names_the_line(self, tmp_path: Path) -> None:
        file = tmp_path / "config"
        file.write_text("contexts:\n- name: [\n")
        error = refusal(kubeconfig=file)
        assert isinstance(error, YamlError)
        assert error.where
        assert (error.where.file, error.exit_code) == (str(file), 2)

    @pytest.mark.parametrize(
        ("lines", "message", "line"),
        [
            (["- a"], "this is no kubeconfig: no mapping at the top", 1),
            ([CURRENT, "contexts: {a: b}"], "contexts must be a list", 2),
            ([CURRENT, "contexts: [{name: a, context: {user: u}}]"], "context a names no cluster", 2),
            ([CURRENT, CONTEXT], "context a names the cluster c, which is not there", 2),
            ([CURRENT, CONTEXT, "clusters: [{name: c}]"], "the cluster of context a has no server", 3),
            ([CURRENT, CONTEXT, SERVER.format("s:1")], "the server of context a, s:1, is no address", 3),
            ([CURRENT, CONTEXT, SERVER.format("https://[s")], "the server of context a, https://[s, is no address", 3),
            (
                [CURRENT, CONTEXT, SERVER.format("https://s:x")],
                "the server of context a, https://s:x, is no address",
                3,
            ),
            ([CURRENT, CONTEXT, SERVER.format("https://s")], "context a names the user u, which is not there", 2),
        ],
    )
    def test_what_is_missing_is_named_with_its_line(
        self, tmp_path: Path, lines: list[str], message: str, line: int
    ) -> None:
        file = tmp_path / "config"
        file.write_text("\n".join(lines))
        error = refusal(kubeconfig=file)
        assert isinstance(error, UsageError)
        assert error.message == message
        assert error.where
        assert (error.where.file, error.where.line) == (str(file), line)

    def test_an_unknown_context_offers_the_nearest(self, write: Write) -> None:
        file = write("config", {"staging": "https://s.example", "production": "https://p.example"})
        error = refusal(kubeconfig=file, context="stagging")
        assert isinstance(error, UsageError)
        assert (error.message, error.suggestion) == ("there is no context stagging", "did you mean staging?")
        assert refusal(kubeconfig=file, context="x").suggestion == "contexts: production, staging"

    def test_no_current_context(self, write: Write) -> None:
        error = refusal(kubeconfig=write("config", {"b": "https://b.example", "a": "https://a.example"}, current=""))
        assert (error.message, error.suggestion) == (
            "--kubeconfig has no current context",
            "name one with --context: a, b",
        )

    def test_a_current_context_that_is_not_there(self, write: Write) -> None:
        error = refusal(kubeconfig=write("config", {"a": "https://a.example"}, current="old"))
        assert error.message == "the current context of --kubeconfig, old, is not among its contexts"

    @pytest.mark.parametrize("data", ["bm90IGEgY2VydGlmaWNhdGU=", "%%%"])
    def test_a_certificate_that_is_none(self, write: Write, data: str) -> None:
        user = {"client-certificate-data": data, "client-key-data": data}
        error = refusal(kubeconfig=write("config", {"a": "https://a.example"}, user=user))
        assert isinstance(error, Unauthorized)
        assert error.message.startswith("the credentials cannot be used: ")

    def test_a_certificate_that_is_missing(self, write: Write, tmp_path: Path) -> None:
        file = write("config", {"a": "https://a.example"}, user={"client-certificate": "me.crt", "client-key": "k"})
        error = refusal(kubeconfig=file)
        assert isinstance(error, Unauthorized)
        assert error.message == f"the credentials cannot be used: {tmp_path / 'me.crt'}: No such file or directory"
        assert error.where
        assert error.where.file == str(file)

    def test_a_certificate_that_is_no_base64(self, write: Write) -> None:
        file = write("config", {"a": "https://a.example"}, user={"client-certificate-data": "A"})
        assert isinstance(refusal(kubeconfig=file), Unauthorized)

    def test_completion_says_nothing_about_faults(self, write: Write, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        broken.write_text("[")
        sandbox = write("sandbox", {"meshctl-sandbox": "https://127.0.0.1:1"})
        assert contexts(kubeconfig=broken, environ={}) == []
        assert contexts(sandbox_kubeconfig=sandbox, environ={"KUBECONFIG": str(broken)}) == ["meshctl-sandbox"]
