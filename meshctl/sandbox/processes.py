"""The sandbox's programs as processes: started apart from the terminal, found again later, ended for certain."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from meshctl.errors import SandboxError
from meshctl.sandbox import PROGRAMS
from meshctl.sandbox.folders import Folders, read_json, write_private

KILL_SECONDS = 5.0


def start(folders: Folders, program: str, command: Sequence[str]) -> int:
    """Starts a program in a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it.

    `posix_spawn` makes no object that must be kept and waited for; the shell is there to leave the user's folder, which
    otherwise could not be removed or unmounted.
    """
    log = os.open(folders.log(program), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", 'cd "$0" && unset OLDPWD && exec "$@"', str(folders.exec_home), *command],
            _environment(folders),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGINT, signal.SIGPIPE],
        )
    except OSError as error:
        raise SandboxError(f"{program} could not be started: {error}") from error
    finally:
        os.close(log)
    write_private(folders.pid_file(program), json.dumps({"pid": pid, "started": started_at(pid)}))
    return pid


def _environment(folders: Folders) -> dict[str, str]:
    """None of the user's variables: no proxy is asked for loopback, and `kubectl exec` shows no secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folders.exec_home), "LANG": "C.UTF-8"}


def running_pid(folders: Folders, program: str) -> int | None:
    """The pid of a program that this sandbox started and that still runs; a reused pid is not taken for it."""
    entry = read_json(folders.pid_file(program))
    if entry is None:
        return None
    pid = int(entry["pid"])
    return pid if is_alive(pid) and started_at(pid) == entry["started"] else None


def is_alive(pid: int) -> bool:
    _reap(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if _stat(pid)[:1] == ["Z"]:
        _reap(pid)
        return False
    return True


def started_at(pid: int) -> str:
    """What tells this process from a later one of the same pid: ticks since boot, and which boot.

    Without /proc it is `ps` that knows; "" means that nobody does.
    """
    if fields := _stat(pid):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {fields[19]}"
    if Path("/proc/self/stat").exists():
        return ""
    import subprocess

    answer = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def resident_bytes(pid: int) -> int:
    """Memory held by the process; 0 where the system does not tell without a program of its own."""
    fields = _stat(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def stop(pids: Iterable[int], patience: float) -> None:
    """Ends processes and what they started; politely, after `patience` seconds by force; returns when they are gone."""
    remaining = [pid for pid in pids if is_alive(pid)]
    _signal_groups(remaining, signal.SIGTERM)
    remaining = _wait_until_gone(remaining, patience)
    _signal_groups(remaining, signal.SIGKILL)
    if left := _wait_until_gone(remaining, KILL_SECONDS):
        raise SandboxError(f"processes {', '.join(map(str, left))} do not end", suggestion="look at them with `ps`")


def strays(folders: Folders) -> list[int]:
    """Programs of this sandbox that no pid file tells of: `up` was killed at a bad moment, or the files were deleted.

    They are known by their arguments, which name files of this sandbox. Linux only; elsewhere there is no /proc.
    """
    known = {running_pid(folders, program) for program in PROGRAMS}
    inside = os.fsencode(folders.root) + b"/"
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            arguments = entry.read_bytes().split(b"\0")
            pid = int(entry.parent.name)
            if pid not in known and _is_program(arguments) and any(inside in argument for argument in arguments[1:]):
                found.append(pid)
    return found


def _is_program(arguments: Sequence[bytes]) -> bool:
    names = {Path(os.fsdecode(argument)).name for argument in arguments[:2]}
    return bool(names & set(PROGRAMS))


def _signal_groups(pids: Iterable[int], number: signal.Signals) -> None:
    """Each program leads a process group, which holds the commands that `kubectl exec` started too."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)


def _wait_until_gone(pids: Sequence[int], seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    remaining = [pid for pid in pids if is_alive(pid)]
    while remaining and time.monotonic() < deadline:
        time.sleep(0.02)
        remaining = [pid for pid in remaining if is_alive(pid)]
    return remaining


def _reap(pid: int) -> None:
    """A program started by this very process stays a zombie until it is waited for."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat from the state on (the third field); empty where there is no such file."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
