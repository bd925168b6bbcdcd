"""`sandbox down`: nothing outlives it but the built programs."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from meshctl.errors import SandboxError
from meshctl.sandbox import PROGRAMS, Progress, kubeconfig
from meshctl.sandbox.folders import Folders
from meshctl.sandbox.lock import hold
from meshctl.sandbox.processes import running_pid, stop, strays

# All that they could still write is about to be deleted.
PATIENCE_SECONDS = 0.5


def bring_down(name: str) -> Iterator[Progress]:
    started = time.monotonic()
    folders = Folders(name)
    with contextlib.ExitStack() as stack:
        yield from hold(stack, folders.lock, "wait", f"another process starts or stops the sandbox {name}: waiting")
        pids = [pid for program in PROGRAMS if (pid := running_pid(folders, program)) is not None]
        pids += strays(folders)
        if not pids and not folders.root.exists():
            yield Progress("stop", f"there is no sandbox {name}")
            return
        yield Progress("stop", f"stopping the sandbox {name}")
        stop(pids, patience=PATIENCE_SECONDS)
        yield from _unmerge(folders)
        _remove(folders.root)
    yield Progress("stop", f"the sandbox {name} is gone", seconds=time.monotonic() - started)


def _unmerge(folders: Folders) -> Iterator[Progress]:
    record = folders.read_record()
    if record is not None and record.merged:
        kubeconfig.unmerge(folders, Path(record.merged), record.previous_context)
        yield Progress("kubeconfig", f"removed from {record.merged}")


def _remove(root: Path) -> None:
    """The folders above it go too, unless something else is in them."""
    try:
        shutil.rmtree(root)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SandboxError(f"{root} could not be removed: {error}") from error
    with contextlib.suppress(OSError):
        root.parent.rmdir()
        root.parent.parent.rmdir()
