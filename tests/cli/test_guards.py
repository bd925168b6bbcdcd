"""Every command that writes, in every cluster and namespace that it must not touch; and that the others do not write.

The table has a row for each command of the catalog: whoever adds one says here on which side it is.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from calling import Meshctl, write_project
from faults import FaultyProxy

from meshctl.cli.catalog import COMMANDS, SANDBOX

WRITES: dict[str, tuple[str, ...]] = {
    "start": (),
    "stop": ("web",),
    "restart": ("web",),
    "reload": ("web",),
    "diff": (),  # by the server's dry run, so it needs the same rights and asks the same admission
    "exec": ("web", "--", "true"),
    "scale": ("web=2",),
    "rollback": (),
    "namespace gc": (),
}
READS: dict[str, tuple[str, ...]] = {
    "status": (),
    "pods": (),
    "services": (),
    "ports": (),
    "logs": (),
    "describe": ("web",),
    "events": (),
    "wait": ("web",),
    "port-forward": ("web",),
    "history": (),
    "namespace list": (),
    "doctor": (),
}
OFFLINE = {"init", "import", "migrate", "list", "gen", "check", "graph", "completion", "version"}
OFFLINE |= {"config view", "config schema", "config origins"}
OFFLINE |= {name for name, entry in COMMANDS.items() if entry.section == SANDBOX}

FAR, NEAR = "https://prod.invalid:6443", "https://127.0.0.1:1"
CONTEXT, NAMESPACE = "is not among the clusters that this project may write to", "is no developer's namespace"
REFUSED = [
    (FAR, "dev-anna", (), CONTEXT),
    (FAR, "dev-anna", ("--context", "prod"), CONTEXT),
    (FAR, "dev-anna", ("--yes",), CONTEXT),
    (FAR, "istio-system", ("--context", "prod", "--yes"), NAMESPACE),
    (NEAR, "default", ("--context", "prod", "--yes"), NAMESPACE),
    (NEAR, "kube-system", (), NAMESPACE),
    (NEAR, "kube-public", ("--yes",), NAMESPACE),
]


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "kubeconfig"


def written(kubeconfig: Path, server: str) -> str:
    kubeconfig.write_text(
        "{current-context: prod, contexts: [{name: prod, context: {cluster: prod}}], "
        f"clusters: [{{name: prod, cluster: {{server: '{server}'}}}}]}}"
    )
    return str(kubeconfig)


def test_every_command_has_a_row() -> None:
    assert sorted([*WRITES, *READS, *OFFLINE]) == sorted(COMMANDS)


@pytest.mark.parametrize(("server", "namespace", "options", "why"), REFUSED)
@pytest.mark.parametrize("name", WRITES)
def test_what_writes_is_refused(
    meshctl: Meshctl, kubeconfig: Path, name: str, server: str, namespace: str, options: tuple[str, ...], why: str
) -> None:
    where = ("--kubeconfig", written(kubeconfig, server), "-n", namespace, *options)
    code, out, err = meshctl(*where, *name.split(), *WRITES[name])
    assert (code, why in out + err) == (3, True)


@pytest.mark.parametrize("options", [("--context", "prod", "--yes"), ("--set", "cluster.allow_contexts=[pro*]")])
@pytest.mark.parametrize("name", WRITES)
def test_what_is_allowed_gets_as_far_as_the_server(
    meshctl: Meshctl, kubeconfig: Path, name: str, options: tuple[str, ...]
) -> None:
    where = ("--kubeconfig", written(kubeconfig, "http://127.0.0.1:1"), "-n", "dev-anna", *options)
    code, out, err = meshctl(*where, *name.split(), *WRITES[name])
    assert (code, "nothing listens at http://127.0.0.1:1" in out + err) == (2 if name == "diff" else 1, True)


def test_what_does_not_write_sends_nothing_but_questions(
    meshctl: Meshctl, kubeconfig: Path, sandbox_kubeconfig: Path, unused_namespace: str
) -> None:
    with FaultyProxy(sandbox_kubeconfig, kubeconfig.parent) as proxy:
        where = ("--kubeconfig", str(proxy.kubeconfig), "-n", unused_namespace, "-q")
        assert meshctl(*where, "start").code == 0
        proxy.seen.clear()
        for name, arguments in READS.items():
            assert meshctl(*where, *name.split(), *arguments).code in (0, 1)
    asked = {seen.method for seen in proxy.seen if not seen.path.endswith("reviews")}  # of rights, which leave nothing
    assert asked == {"GET"}
