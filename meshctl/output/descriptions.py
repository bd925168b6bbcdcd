"""One service on one screen, in the manner of `kubectl describe`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from meshctl.output import happenings, inventories, wording
from meshctl.output.documents import document
from meshctl.output.tables import Column, table
from meshctl.output.terminal import Terminal

if TYPE_CHECKING:
    from meshctl.diagnosis import Diagnosis
    from meshctl.inventory import Description

EVENTS = 10  # the latest ones that are shown
_LABEL = 13  # columns of the names before the values
_STATES = {"Current": ("green",), "Failed": ("red",)}
_OBJECTS = (
    Column("OBJECT"),
    Column("STATE", style=lambda state: _STATES.get(state, ("yellow",))),
    Column("MESSAGE"),
)
_PODS = (Column("NAME"), Column("READY"), Column("STATUS"), Column("RESTARTS"), Column("AGE"), Column("NODE"))
_PORTS = (Column("NAME"), Column("PORT"), Column("NODE-PORT"), Column("TARGET"), Column("ENDPOINTS"))


def show(rows: Sequence[Description], form: str, terminal: Terminal) -> str:
    if form in ("json", "yaml"):
        return document(form, {"services": [row.record() for row in rows]})
    return "\n\n\n".join("\n".join(_lines(row, terminal)) for row in rows)


def _lines(row: Description, terminal: Terminal) -> Iterable[str]:
    for name, value in _facts(row, terminal):
        yield f"{name + ':':<{_LABEL}}{value or '-'}"
    if row.diagnosis:
        yield from ("", *_diagnosis(row, row.diagnosis, terminal))
    for title, columns, cells in _sections(row):
        if cells:
            yield from ("", terminal.paint(f"{title}:", "bold"))
            yield textwrap.indent(table(columns, cells, paint=terminal.paint), "  ")


def _facts(row: Description, terminal: Terminal) -> Iterable[tuple[str, str]]:
    status, declared = row.status, row.declared
    wait = f"until {declared.wait.for_}" + (f", at most {declared.wait.timeout:g}s" if declared.wait.timeout else "")
    yield "Service", terminal.paint(row.name, "bold")
    yield "State", terminal.paint(str(status.state), *inventories.STATES.get(status.state, ()))
    yield "Ready", f"{status.ready}/{status.wanted}" if status.wanted else ""
    yield "Age", "" if status.age is None else wording.age(status.age)
    yield "Images", ", ".join(status.images)
    yield "Drift", _drift(row)
    yield "Tier", status.tier
    yield "Groups", ", ".join(declared.groups)
    yield "Needs", ", ".join(declared.needs)
    yield "Needed by", ", ".join(row.needed_by)
    yield "Templates", row.templates
    yield "Sidecar", "injected, where the namespace is" if declared.inject else "none wanted"
    yield "Wait", wait


def _drift(row: Description) -> str:
    drifted = row.status.drifted
    if drifted is None:
        return ""
    told = ", ".join(f"{each.object} {each.what}" for each in drifted)
    return f"{told} (meshctl diff {row.name})" if drifted else "none"


def _diagnosis(row: Description, found: Diagnosis, terminal: Terminal) -> Iterable[str]:
    title = "Ready, but" if row.status.state == "ready" else "Not ready"
    certain = "" if found.certain or row.status.state == "ready" else " (it may still come up)"
    yield terminal.paint(f"{title}: {found.code}{certain}", "red" if found.certain else "yellow", "bold")
    yield f"  {wording.one_line(found.message)}"
    yield from (terminal.paint(f"  | {wording.one_line(line)}", "dim") for line in found.evidence)
    if found.suggestion:
        yield f"  next: {found.suggestion}"


def _sections(row: Description) -> Iterable[tuple[str, Sequence[Column], list[list[str]]]]:
    endpoints = {service.name: str(service.endpoints) for service in row.services}
    yield (
        "Objects",
        _OBJECTS,
        [
            [wording.resource(ref), str(verdict.state), wording.one_line(verdict.message)]
            for ref, verdict in row.objects
        ],
    )
    pods = [[pod.name, pod.ready, pod.status, str(pod.restarts), wording.age(pod.age), pod.node] for pod in row.pods]
    yield "Pods", _PODS, pods
    ports = [
        [port.name, inventories.port_text(port), str(port.node_port or ""), port.target, endpoints.get(port.name, "")]
        for port in row.ports
    ]
    yield "Ports", _PORTS, ports
    columns = [column for column in happenings.COLUMNS if column.title != "SERVICE"]
    events = [[first, *rest] for first, _, *rest in map(happenings.cells, row.events[-EVENTS:])]
    yield "Events", columns, events
