"""Plain manifests into a project: which objects are one service, which service needs which, and the files of it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshctl.errors import Caution
from meshctl.importing.grouping import grouped, hooks
from meshctl.importing.lifting import lift, moved
from meshctl.importing.namespaces import as_ours, found_in, notes
from meshctl.importing.needs import Need, needs
from meshctl.importing.project import CONFIG, files
from meshctl.importing.references import mapping
from meshctl.importing.sources import Original, read
from meshctl.manifest import NAMESPACE_SERVICE

__all__ = ["CONFIG", "Imported", "Need", "Original", "make", "read"]


@dataclass(frozen=True)
class Imported:
    """`files` are relative to the project; `services` have `_namespace` first if it is there; `notes` are to read."""

    files: Mapping[Path, str]
    services: Mapping[str, Sequence[Original]]
    needs: Sequence[Need]
    left_out: Sequence[Need]
    vars: Mapping[str, object]
    notes: Sequence[Caution]


def make(sources: Sequence[Original], project: str, *, lifting: bool = False) -> Imported:
    """The project that the objects make. Pure: nothing is written."""
    derived = [source for source in sources if source.derived]
    sources = [source for source in sources if not source.derived]
    services = grouped(sources)
    if list(services) == [NAMESPACE_SERVICE]:
        services = {project: services[NAMESPACE_SERVICE]}  # a project has one service at least
    found, left_out = needs(services)
    namespaces = found_in(sources)
    lifted = lift(sources, namespaces.own) if lifting else moved(namespaces.lost)
    ours = {name: [as_ours(source, namespaces) for source in each] for name, each in services.items()}
    told = [*namespaces.notes(), *notes(sources), *_cycles(left_out), *_oddities(sources), *_left_out(derived)]
    written = files(project, ours, found, left_out, namespaces, lifted)
    return Imported(written, ours, found, left_out, lifted.vars, told)


def _cycles(left_out: Sequence[Need]) -> Iterator[Caution]:
    for need in left_out:
        message = f"{need.service} names {need.other} ({need.evidence}), which needs {need.service} in turn: left out"
        yield Caution("", message, None, f"decide in {CONFIG} which of the two can do without the other at its start")


def _oddities(sources: Sequence[Original]) -> Iterator[Caution]:
    for source in sources:
        if hooks(source):
            message = f"{source.ref} is a Helm hook ({', '.join(sorted(hooks(source)))}): meshctl knows no such moments"
            yield Caution("", message, source.where, "it is applied with its service; see `needs` and `disable`")
    if any("helm.sh/chart" in mapping(source.body, "metadata", "labels") for source in sources):
        yield Caution("", "labels helm.sh/chart stay as they are: Helm no longer owns these objects", None, "")
    if secrets := [source for source in sources if source.ref.group_kind == ("", "Secret")]:
        names = ", ".join(source.ref.name for source in secrets)
        yield Caution("", f"Secrets are in the templates as they were: {names}", None, "take their values from `env`")
    if live := [source for source in sources if source.live]:
        message = f"status and what else a server adds were left out of {len(live)} objects read from a cluster"
        yield Caution("", message, None, "")


def _left_out(derived: Sequence[Original]) -> Iterator[Caution]:
    if derived:
        kinds = Counter(source.ref.kind for source in derived)
        told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        yield Caution("", f"left out, as a cluster makes them by itself: {told}", None, "")
