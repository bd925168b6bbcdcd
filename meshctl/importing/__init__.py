"""Plain manifests into a project: which objects are one service, which service needs which, and the files of it all."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
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
from meshctl.manifest import LABEL_PART_OF, NAMESPACE_SERVICE
from meshctl.templating import dns_label

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
    """The project that the objects make, which is called what they say that they are part of, if they agree on it.
    Pure: nothing is written."""
    derived = [source for source in sources if source.derived]
    sources = [source for source in sources if not source.derived]
    project = _whole(sources) or project
    services = grouped(sources)
    if list(services) == [NAMESPACE_SERVICE]:
        services = {project: services[NAMESPACE_SERVICE]}  # a project has one service at least
    found, left_out = needs(services)
    namespaces = found_in(sources)
    hosts = frozenset(source.ref.name for source in sources if source.ref.group_kind == ("", "Service"))
    lifted = lift(sources, namespaces.own, hosts) if lifting else moved(namespaces.lost, hosts)
    ours = {name: [as_ours(source, namespaces) for source in each] for name, each in services.items()}
    told = [*namespaces.notes(), *notes(sources, project), *_cycles(left_out), *_oddities(sources), *_left_out(derived)]
    told += () if namespaces.own else _stranded(sources, hosts)
    written = files(project, ours, found, left_out, namespaces, lifted)
    return Imported(written, ours, found, left_out, lifted.vars, told)


def _whole(sources: Sequence[Original]) -> str:
    """The one value of their label part-of, which meshctl writes itself: pods may be selected by it."""
    values = {str(mapping(source.body, "metadata", "labels").get(LABEL_PART_OF, "")) for source in sources} - {""}
    name = values.pop() if len(values) == 1 else ""
    return name if name and dns_label(name) == name else ""


def _cycles(left_out: Sequence[Need]) -> Iterator[Caution]:
    for need in left_out:
        message = f"{need.service} names {need.other} ({need.evidence}), which needs {need.service} in turn: left out"
        yield Caution("", message, None, f"decide in {CONFIG} which of the two can do without the other at its start")


def _stranded(sources: Sequence[Original], hosts: Collection[str]) -> Iterator[Caution]:
    """What names no namespace goes to the project's, and an address in `default` does not go with it."""
    address = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(hosts)))})\.default(?:\.svc[\w.]*)?(?![\w-])")
    for source in sources if hosts else ():
        if found := address.search(json.dumps(source.body)):
            message = f"{source.ref} names {found[0]}, where the project's Service is not"
            yield Caution("", message, source.where, "write {{ namespace }} for default there, if it is meant")


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
