"""How the sandbox is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshctl.output.documents import document
from meshctl.output.tables import Column, table
from meshctl.output.terminal import Terminal

if TYPE_CHECKING:
    from meshctl.sandbox import Status

_STYLES = {"running": ("green",), "unhealthy": ("yellow",), "dead": ("red",), "stopped": ("dim",)}


def status(found: Status, form: str, terminal: Terminal) -> str:
    if form in ("json", "yaml"):
        return document(
            form,
            {
                "name": found.name,
                "running": found.running,
                "kubeconfig": found.kubeconfig,
                "context": found.context,
                "server": found.server,
                "version": found.version,
                "programs": dict(found.programs),
            },
        )
    if not found.running and not found.pids:
        return f"sandbox {found.name} does not run\n  `meshctl sandbox up` starts it"
    return _human(found, terminal)


def _human(found: Status, terminal: Terminal) -> str:
    state = terminal.paint("running", "green") if found.running else terminal.paint("unhealthy", "red")
    columns = [
        Column("PROGRAM"),
        Column("STATE", style=lambda text: _STYLES.get(text, ())),
        Column("PID"),
        Column("MEMORY"),
    ]
    rows = [
        [program, how, str(found.pids.get(program, "")), _mebibytes(found.memory.get(program, 0))]
        for program, how in found.programs.items()
    ]
    facts = {
        "context": found.context,
        "server": f"{found.server} (Kubernetes {found.version})",
        "kubeconfig": found.kubeconfig,
        "logs": found.log_folder,
    }
    told = "\n".join(f"  {name:<11}{value}" for name, value in facts.items())
    programs = table(columns, rows, paint=terminal.paint)
    return f"sandbox {found.name} is {state}\n{told}\n\n{programs}"


def _mebibytes(number: int) -> str:
    return f"{number >> 20}Mi" if number else ""
