"""What runs, as tables and documents: pods, Kubernetes Services, ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from meshctl.output import wording
from meshctl.output.documents import document, names
from meshctl.output.tables import Column, table
from meshctl.output.terminal import ECHO, Terminal

if TYPE_CHECKING:
    from meshctl.inventory import NamespaceRow, PodRow, PortRow, ServiceRow, StatusRow


class Row(Protocol):
    """What every row of an inventory can say about itself."""

    @property
    def name(self) -> str: ...

    def record(self) -> dict[str, Any]: ...


AnyRow = TypeVar("AnyRow", bound=Row)
Show = Callable[[Sequence[AnyRow]], str]

_GOOD = ("Running", "Completed", "Succeeded")
_ON_THE_WAY = ("Pending", "ContainerCreating", "PodInitializing", "Terminating")


def _pod_style(status: str) -> tuple[str, ...]:
    if status in _GOOD:
        return ("green",)
    return ("yellow",) if status in _ON_THE_WAY or status.startswith("Init:") else ("red",)


_PODS = (
    Column("SERVICE"),
    Column("NAME"),
    Column("READY"),
    Column("STATUS", style=_pod_style),
    Column("RESTARTS"),
    Column("AGE"),
    Column("IP", wide=True),
    Column("NODE", wide=True),
    Column("IMAGES", wide=True),
    Column("MESSAGE", wide=True),
)
_SERVICES = (
    Column("SERVICE"),
    Column("NAME"),
    Column("TYPE"),
    Column("CLUSTER-IP"),
    Column("EXTERNAL-IP"),
    Column("PORTS"),
    Column("ENDPOINTS"),
    Column("AGE"),
)
_PORTS = (
    Column("SERVICE"),
    Column("NAME"),
    Column("PORT"),
    Column("NODE-PORT"),
    Column("TARGET", wide=True),
    Column("FORWARD"),
)


_STATUS = (
    Column("SERVICE"),
    Column("TIER", wide=True),
    Column("STATE", style=lambda state: STATES.get(state, ())),
    Column("READY"),
    Column("AGE"),
    Column("DRIFT"),
    Column("IMAGES"),
    Column("REASON"),
)
STATES: dict[str, tuple[str, ...]] = {
    "ready": ("green",),
    "starting": ("yellow",),
    "partial": ("yellow",),
    "stopping": ("yellow",),
    "failed": ("red", "bold"),
    "stopped": ("dim",),
    "orphan": ("magenta",),
}


_NAMESPACES = (
    Column("NAME"),
    Column("PROJECT"),
    Column("OWNER"),
    Column("STATE", style=lambda state: {"expired": ("red",), "Active": ("green",)}.get(state, ("yellow",))),
    Column("SERVICES"),
    Column("AGE"),
    Column("EXPIRES-IN"),
    Column("EXPIRES", wide=True),
)


def namespaces(form: str, terminal: Terminal) -> Show[NamespaceRow]:
    return _shower("namespaces", "namespace", _NAMESPACES, _namespace_cells, form, terminal)


def status(form: str, terminal: Terminal) -> Show[StatusRow]:
    return _shower("services", "service", _STATUS, partial(_status_cells, wide=form == "wide"), form, terminal)


def pods(form: str, terminal: Terminal) -> Show[PodRow]:
    return _shower("pods", "pod", _PODS, _pod_cells, form, terminal)


def services(form: str, terminal: Terminal) -> Show[ServiceRow]:
    return _shower("services", "service", _SERVICES, _service_cells, form, terminal)


def ports(form: str, terminal: Terminal) -> Show[PortRow]:
    return _shower("ports", "service", _PORTS, _port_cells, form, terminal)


def _shower(
    key: str,
    kind: str,
    columns: Sequence[Column],
    cells: Callable[[AnyRow], Sequence[str]],
    form: str,
    terminal: Terminal,
) -> Show[AnyRow]:
    """What shows rows in one form; `kind/name` is how kubectl names objects with `-o name`."""

    def show(rows: Sequence[AnyRow]) -> str:
        if form == "name":
            return names(dict.fromkeys(f"{kind}/{row.name}" for row in rows))
        if form in ("json", "yaml"):
            return document(form, {key: [row.record() for row in rows]})
        wide = form == "wide"
        width = terminal.width - ECHO if terminal.live and not wide else 0
        return table(columns, [cells(row) for row in rows], wide=wide, width=width, paint=terminal.paint)

    return show


def _status_cells(row: StatusRow, *, wide: bool) -> list[str]:
    ready = f"{row.ready}/{row.wanted}" if row.wanted else "-"
    age = "-" if row.age is None else wording.age(row.age)
    drift = {None: "-", True: "yes", False: "no"}[row.drift]
    images = ",".join(image if wide else image.rpartition("/")[2] for image in row.images)
    return [row.name, row.tier, str(row.state), ready, age, drift, images, wording.one_line(row.reason) or "-"]


def _pod_cells(row: PodRow) -> list[str]:
    ago = "" if row.restarted is None else f" ({wording.age(row.restarted)} ago)"
    message = wording.one_line(row.message)
    images = ",".join(row.images)
    restarts = f"{row.restarts}{ago}"
    return [
        row.service, row.name, row.ready, row.status, restarts, wording.age(row.age), row.ip, row.node, images, message,
    ]  # fmt: skip


def _namespace_cells(row: NamespaceRow) -> list[str]:
    services = "-" if row.services is None else str(row.services)
    left = "never" if row.left is None else f"{wording.age(abs(row.left))}{' ago' if row.expired else ''}"
    state = "expired" if row.expired and row.phase == "Active" else row.phase
    return [row.name, row.project, row.owner, state, services, wording.age(row.age), left, row.expires]


def _service_cells(row: ServiceRow) -> list[str]:
    external, ports = ",".join(row.external), ",".join(row.ports)
    age = wording.age(row.age)
    return [row.service, row.name, row.type, row.cluster_ip, external, ports, str(row.endpoints), age]


def _port_cells(row: PortRow) -> list[str]:
    return [row.service, row.name, port_text(row), str(row.node_port or ""), row.target, row.forward]


def port_text(row: PortRow) -> str:
    """`80/TCP (http)`."""
    return f"{row.port}/{row.protocol}" + (f" ({row.port_name})" if row.port_name else "")
