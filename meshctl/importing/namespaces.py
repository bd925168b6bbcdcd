"""Which namespace becomes the project's, and which stay as others that it may write to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from meshctl.errors import Caution
from meshctl.importing.references import mapping
from meshctl.importing.sources import Original
from meshctl.manifest import (
    ANNOTATION_KEEP,
    LABEL_MANAGED_BY,
    LABEL_MEMBER,
    LABEL_NAMESPACE,
    LABEL_PART_OF,
    LABEL_SERVICE,
    is_namespaced,
)

PERSONAL = "dev-{{ user }}"
_NOBODYS = ("default", "istio-system")


@dataclass(frozen=True)
class Namespaces:
    """`project` is what the config says; `own` is what the objects lose for it, empty if they had none."""

    project: str
    own: str
    others: tuple[str, ...]

    @property
    def lost(self) -> str:
        """The namespace that is not that of the objects any more."""
        return self.own if self.own != self.project else ""

    def notes(self) -> Iterator[Caution]:
        if self.own and self.own == self.project:
            yield Caution("", f"namespace {self.own} is now the project's own: `namespace` in the config", None, "")
        elif self.own:
            message = f"namespace {self.own} was taken off the objects, as it can be no developer's own"
            yield Caution("", message, None, "they, and addresses in it, go to the namespace that the config names")
        if self.others:
            message = f"objects stay in {', '.join(self.others)}: cluster.allow_namespaces names them"
            yield Caution("", message, None, "all developers share these objects; leave them out if they are not yours")


def found_in(sources: Sequence[Original]) -> Namespaces:
    """The commonest is the project's. One that may be nobody's own is no more than taken off, if it is the only one."""
    used = Counter(source.ref.namespace for source in sources if source.ref.namespace)
    may_be_own = [name for name, _ in used.most_common() if not _is_nobodys(name)]
    if may_be_own:
        own = may_be_own[0]
        return Namespaces(own, own, tuple(sorted(used.keys() - {own})))
    own = "default" if "default" in used else ""
    return Namespaces(PERSONAL, own, tuple(sorted(used.keys() - {own})))


def _is_nobodys(name: str) -> bool:
    return name in _NOBODYS or name.startswith("kube-")


def as_ours(source: Original, namespaces: Namespaces) -> Original:
    """The object as a template has it: without the namespace and the labels that meshctl writes itself."""
    metadata = dict(source.body["metadata"])
    if metadata.get("namespace") == namespaces.own or not metadata.get("namespace"):
        metadata.pop("namespace", None)
    labels = {key: value for key, value in mapping(metadata, "labels").items() if key not in _WRITTEN_BY_US}
    if labels or metadata.get("labels") == {}:
        metadata["labels"] = labels
    else:
        metadata.pop("labels", None)
    if source.ref.group_kind == ("", "Namespace"):
        metadata["annotations"] = {**mapping(metadata, "annotations"), ANNOTATION_KEEP: "true"}
    body = {key: metadata if key == "metadata" else value for key, value in source.body.items()}
    return replace(source, body=body)


_WRITTEN_BY_US = (LABEL_MANAGED_BY, LABEL_PART_OF, LABEL_SERVICE, LABEL_NAMESPACE, LABEL_MEMBER)


def notes(sources: Sequence[Original], project: str) -> Iterator[Caution]:
    """What was taken off, or put on, that somebody might miss."""
    labels = sorted(
        {
            name
            for source in sources
            for name, value in mapping(source.body, "metadata", "labels").items()
            if name in _WRITTEN_BY_US and (name, value) != (LABEL_PART_OF, project)
        }
    )
    if labels:
        yield Caution("", f"left out of metadata.labels, as meshctl writes its own: {', '.join(labels)}", None, "")
    for source in sources:
        if source.ref.group_kind == ("", "Namespace"):
            message = f"{source.ref} is kept by {ANNOTATION_KEEP}: stop would delete all that is in it"
            yield Caution("", message, source.where, "meshctl makes a project's namespace; leave it out?")
    shared = [source for source in sources if _is_everybodys(source)]
    if shared:
        message = f"of the whole cluster, not of a namespace: {', '.join(str(source.ref) for source in shared)}"
        advice = f"all developers share these: leave them out, or annotate them {ANNOTATION_KEEP}, or stop deletes them"
        yield Caution("", message, shared[0].where, advice)
    scopes = {(source.ref.api_version, source.ref.kind) for source in sources if not source.ref.namespace}
    defined = {(_spec(source, "group"), _spec(source, "names", "kind")) for source in sources}
    for api_version, kind in sorted(scopes):
        group = api_version.rpartition("/")[0]
        if is_namespaced(api_version, kind) is None and (group, kind) not in defined:
            message = f"nothing here knows whether a {kind} lives in a namespace: taken for one that does"
            yield Caution("", message, None, f"if it does not, add {kind}.{group} to cluster.scoped_kinds")


def _is_everybodys(source: Original) -> bool:
    return is_namespaced(source.ref.api_version, source.ref.kind) is False and source.ref.kind != "Namespace"


def _spec(source: Original, *path: str) -> str:
    value: Any = source.body.get("spec") if source.ref.kind == "CustomResourceDefinition" else None
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return str(value)
