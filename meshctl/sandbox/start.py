"""`sandbox up`: start what is missing, in order, and wait until a pod could run."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

from meshctl.errors import SandboxError
from meshctl.sandbox import PROGRAMS, Progress, context_name, kubeconfig, processes
from meshctl.sandbox.api import Client
from meshctl.sandbox.certificates import create_certificates
from meshctl.sandbox.control_plane import choose_ports, command, is_free
from meshctl.sandbox.folders import Folders, Record
from meshctl.sandbox.install import (
    LEASE,
    definitions_established,
    install,
    node_ready,
    pod_possible,
    tell_node_port,
)
from meshctl.sandbox.kubeconfig import write_kubeconfigs
from meshctl.sandbox.kwok import write_configuration
from meshctl.sandbox.lock import hold
from meshctl.sandbox.program import find_programs
from meshctl.sandbox.state import is_healthy, last_lines, program_state

START_SECONDS = 180.0
PATIENCE_SECONDS = 1.0
ATTEMPTS = 3


class _PortTakenError(Exception):
    """Another program took a port between its choice and its use."""


def bring_up(name: str, *, assets: Path | None, merge_kubeconfig: bool) -> Iterator[Progress]:
    started = time.monotonic()
    folders = Folders(name)
    with contextlib.ExitStack() as stack:
        yield from hold(stack, folders.lock, "wait", f"another process starts or stops the sandbox {name}: waiting")
        record = folders.read_record()
        if record is not None and _all_well(folders, record):
            yield Progress("ready", f"the sandbox {name} is running already", seconds=time.monotonic() - started)
        else:
            record = yield from _start(folders, record, assets)
            yield Progress("ready", f"the sandbox {name} is ready", seconds=time.monotonic() - started)
        if merge_kubeconfig:
            yield _merge(folders, record)


def _all_well(folders: Folders, record: Record) -> bool:
    return all(program_state(folders, record, program) == "running" for program in PROGRAMS)


def _merge(folders: Folders, record: Record) -> Progress:
    file = kubeconfig.users_kubeconfig()
    previous = kubeconfig.merge(folders, file)
    if previous != context_name(folders.name):
        record = replace(record, previous_context=previous)
    folders.write_record(replace(record, merged=str(file)))
    return Progress("kubeconfig", f"{file}: the current context is {context_name(folders.name)}")


def _start(folders: Folders, record: Record | None, assets: Path | None) -> Generator[Progress, None, Record]:
    programs = yield from find_programs(assets)
    folders.create()
    create_certificates(folders)
    write_configuration(folders)
    if record is None:
        record = Record(choose_ports(), programs.commands, programs.source, programs.istio_crds)
    else:
        yield Progress("repair", f"the sandbox {folders.name} is not whole: mending it")
        record = replace(record, programs=programs.commands, source=programs.source, istio_crds=programs.istio_crds)
    for attempt in range(ATTEMPTS):
        record = _with_usable_ports(folders, record, anew=attempt > 0)
        with contextlib.suppress(_PortTakenError):
            yield from _start_missing(folders, record)
            return record
    raise SandboxError(
        "the ports that were free a moment ago are always taken by others",
        suggestion="try again: meshctl sandbox up",
    )


def _with_usable_ports(folders: Folders, record: Record, *, anew: bool) -> Record:
    """Ends what does not answer, and everything if a port that it needs is gone: all programs must agree on ports."""
    unwell = [program for program in PROGRAMS if program_state(folders, record, program) != "running"]
    _stop(folders, unwell)
    processes.stop(processes.strays(folders), PATIENCE_SECONDS)
    needed = [port for name, port in record.ports.items() if name.removesuffix("-peer") in unwell]
    if anew or not all(map(is_free, needed)):
        _stop(folders, PROGRAMS)
        record = replace(record, ports=choose_ports())
    folders.write_record(record)
    write_kubeconfigs(folders, record.ports["kube-apiserver"])
    return record


def _stop(folders: Folders, programs: list[str] | tuple[str, ...]) -> None:
    pids = (processes.running_pid(folders, program) for program in programs)
    processes.stop([pid for pid in pids if pid is not None], PATIENCE_SECONDS)


def _start_missing(folders: Folders, record: Record) -> Iterator[Progress]:
    """What this call has started does not outlive its failure, be that an error or Ctrl-C."""
    starter = _Starter(folders, record)
    try:
        yield from _start_in_order(starter)
    except BaseException:
        processes.stop(starter.pids, PATIENCE_SECONDS)
        raise


def _start_in_order(starter: _Starter) -> Iterator[Progress]:
    folders, record = starter.folders, starter.record
    with Client(folders, record.ports["kube-apiserver"]) as client:
        yield from starter.start("etcd", "kube-apiserver")
        yield from starter.wait("kube-apiserver")
        yield from starter.start("kube-controller-manager", "kube-scheduler")
        yield Progress(
            "install", "installing the node, storage classes" + (" and Istio's CRDs" if record.istio_crds else "")
        )
        if not record.istio_crds:
            yield Progress("install", "Istio's CRDs are not installed: they come with a built control plane only")
        install(client, record.istio_crds)
        tell_node_port(client, record.ports["kwok"])
        yield from starter.until(lambda: definitions_established(client), "KWOK's CRDs to be served")
        if processes.running_pid(folders, "kwok") is None:
            client.delete(LEASE)  # of a KWOK that died: its successor would wait 40 seconds for it to expire
        yield from starter.start("kwok")
        yield from starter.wait("kube-controller-manager", "kube-scheduler", "kwok")
        yield from starter.until(lambda: node_ready(client), "the node to be ready")
        yield from starter.until(lambda: pod_possible(client), "the default service account")


class _Starter:
    """Starts programs and waits; an end of any of them that comes too early ends the waiting."""

    def __init__(self, folders: Folders, record: Record) -> None:
        self.folders = folders
        self.record = record
        self.pids: list[int] = []
        self._log_sizes: dict[str, int] = {}
        self._began = time.monotonic()

    def start(self, *programs: str) -> Iterator[Progress]:
        for program in programs:
            if processes.running_pid(self.folders, program) is not None:
                continue
            yield self._progress(f"starting {program}")
            log = self.folders.log(program)
            self._log_sizes[program] = log.stat().st_size if log.exists() else 0
            self.pids.append(processes.start(self.folders, program, command(self.folders, self.record, program)))

    def wait(self, *programs: str) -> Iterator[Progress]:
        for program in programs:
            yield from self.until(functools.partial(is_healthy, self.folders, self.record, program), program)

    def until(self, condition: Callable[[], bool], what: str) -> Iterator[Progress]:
        """Says once a second what is being waited for."""
        next_word = time.monotonic() + 1.0
        while not condition():
            self._complain_of_the_dead()
            now = time.monotonic()
            if now - self._began > START_SECONDS:
                raise SandboxError(
                    f"waited {START_SECONDS:.0f} s for {what}",
                    suggestion=f"look at `meshctl sandbox logs`, or into {self.folders.logs}",
                )
            if now >= next_word:
                next_word = now + 1.0
                yield self._progress(f"waiting for {what}")
            time.sleep(0.05)

    def _progress(self, message: str) -> Progress:
        return Progress("start", message, seconds=time.monotonic() - self._began)

    def _complain_of_the_dead(self) -> None:
        for program, size in self._log_sizes.items():
            if processes.running_pid(self.folders, program) is None:
                lines = last_lines(self.folders, program, since=size)
                if any("address already in use" in line for line in lines):
                    raise _PortTakenError
                raise SandboxError(
                    f"{program} ended:\n" + "\n".join(lines),
                    suggestion=f"its log is {self.folders.log(program)}; `meshctl sandbox down` and `up` start afresh",
                )
