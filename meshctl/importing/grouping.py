"""Which object belongs to which service: workloads make the services, everything else goes with what it is for.

Workloads are of one service when one Service selects them, or when their labels give them one name and one component
and the same Services, or none, select them.
What several services use, and what nobody can be found for, goes to `_namespace`, which comes before all services.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from meshctl.importing.references import ROUTES, Labels, Named, get, is_workload, mapping, selector, targets, uses
from meshctl.importing.sources import Original
from meshctl.manifest import NAMESPACE_SERVICE, pod_template
from meshctl.templating import dns_label

_NAME_LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "name")
_COMPONENT_LABELS = ("app.kubernetes.io/component", "component")
_CLUSTER_KINDS = frozenset({"Namespace", "CustomResourceDefinition"})


def grouped(sources: Sequence[Original]) -> dict[str, list[Original]]:
    """The objects of each service, in the order in which they are found; `_namespace` is first if it has any."""
    owners = _Owners(sources)
    found: dict[str, list[Original]] = {NAMESPACE_SERVICE: []}
    for source, owner in zip(sources, owners.names(), strict=True):
        found.setdefault(owner, []).append(source)
    return {name: each for name, each in found.items() if each}


@dataclass(frozen=True)
class _Owners:
    """Objects are known by their number; `names` gives each the service that it belongs to."""

    sources: Sequence[Original]

    def names(self) -> list[str]:
        owner = dict(self._of_workloads())
        rest = [number for number in range(len(self.sources)) if number not in owner]
        owner.update(self._kept_together(rest))
        for claim in (self._about, self._used, self._about, self._used, self._routes, self._used, self._labelled):
            for number in rest:
                if number not in owner and (service := claim(number, owner)):
                    owner[number] = service
        return [owner.get(number, NAMESPACE_SERVICE) for number in range(len(self.sources))]

    def _kept_together(self, rest: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Namespaces and CRDs are everybody's, whatever their labels say."""
        return ((number, NAMESPACE_SERVICE) for number in rest if self.sources[number].ref.kind in _CLUSTER_KINDS)

    def _of_workloads(self) -> Iterator[tuple[int, str]]:
        taken: set[str] = set()
        for members in self._joined():
            name = self._named(members, taken)
            taken.add(name)
            yield from ((number, name) for number in members)

    @cached_property
    def _workloads(self) -> list[int]:
        return [number for number, source in enumerate(self.sources) if is_workload(source.body)]

    def _joined(self) -> list[list[int]]:
        """The workloads of each service, in the order of their first ones."""
        first = {number: number for number in self._workloads}
        for together in self._together():
            lowest = min(first[number] for number in together)
            merged = {first[number] for number in together}
            first.update({number: lowest for number, root in first.items() if root in merged})
        return [[number for number in first if first[number] == root] for root in dict.fromkeys(first.values())]

    def _together(self) -> Iterator[list[int]]:
        selected = [self._selected(source) for source in self.sources if source.ref.group_kind == ("", "Service")]
        keys: dict[tuple[object, ...], list[int]] = {}
        for number in self._workloads:
            services = tuple(service for service, chosen in enumerate(selected) if number in chosen)
            if (key := self._key(number)) and not _is_hook(self.sources[number]):
                keys.setdefault((*key, services), []).append(number)
        yield from keys.values()
        yield from filter(None, selected)

    def _key(self, number: int) -> tuple[str, str, str] | None:
        labels = self._pod_labels(number)
        name = _first(labels, _NAME_LABELS)
        return (self.sources[number].ref.namespace, name, _first(labels, _COMPONENT_LABELS)) if name else None

    def _pod_labels(self, number: int) -> Labels:
        """Of the pods, else of the workload itself: a Job's pods seldom have any."""
        body = self.sources[number].body
        template = pod_template(body)
        return mapping(template, "metadata", "labels") or mapping(body, "metadata", "labels")

    def _named(self, members: Sequence[int], taken: set[str]) -> str:
        """By the label, if no other service has that name; else by the first workload."""
        label = _first(self._pod_labels(members[0]), _NAME_LABELS)
        others = [number for number in self._workloads if number not in members]
        shared = any(_first(self._pod_labels(number), _NAME_LABELS) == label for number in others)
        own = self.sources[members[0]].ref.name
        candidates = [own] if shared or not label or _is_hook(self.sources[members[0]]) else [label, own]
        return _free((dns_label(name) for name in candidates), taken)

    def _selected(self, source: Original) -> list[int]:
        wanted = selector(source.body)
        if not wanted:
            return []
        own = source.ref.namespace
        near = [number for number in self._workloads if self.sources[number].ref.namespace == own]
        return [number for number in near if _matches(wanted, self._pod_labels(number))]

    def _about(self, number: int, owner: Mapping[int, str]) -> str:
        """The one service that an object is about, _namespace if it is about several."""
        services = self._subjects(number, owner)
        if len(services) > 1 and self.sources[number].ref.kind in ROUTES:
            return ""
        return services[0] if len(services) == 1 else NAMESPACE_SERVICE if services else ""

    def _subjects(self, number: int, owner: Mapping[int, str]) -> list[str]:
        source = self.sources[number]
        numbers = [*self._selected(source), *self._numbers(source, targets(source.body))]
        return sorted({owner[each] for each in numbers if each in owner})

    def _routes(self, number: int, owner: Mapping[int, str]) -> str:
        """What routes to several services is a service of its own."""
        source = self.sources[number]
        if source.ref.kind in ROUTES and len(self._subjects(number, owner)) > 1:
            return _free([dns_label(source.ref.name)], set(owner.values()))
        return ""

    def _used(self, number: int, owner: Mapping[int, str]) -> str:
        users = sorted({owner[user] for user in self._users.get(number, ()) if user in owner})
        return users[0] if len(users) == 1 else NAMESPACE_SERVICE if users else ""

    @cached_property
    def _users(self) -> dict[int, list[int]]:
        users: dict[int, list[int]] = {}
        for user, source in enumerate(self.sources):
            for used in self._numbers(source, uses(source.body)):
                users.setdefault(used, []).append(user)
        return users

    def _labelled(self, number: int, owner: Mapping[int, str]) -> str:
        """By its name or label alone, if that is a service's."""
        body = self.sources[number].body
        known = set(owner.values()) - {NAMESPACE_SERVICE}
        names = (body["metadata"]["name"], _first(mapping(body, "metadata", "labels"), _NAME_LABELS))
        return next((name for name in map(dns_label, names) if name in known), "")

    def _numbers(self, source: Original, named: Iterable[Named]) -> list[int]:
        own = source.ref.namespace
        return [
            number
            for each in named
            for number in self._by_name.get((each.kind, each.name), ())
            if self.sources[number].ref.namespace in ("", each.namespace or own) or not own
        ]

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for number, source in enumerate(self.sources):
            found.setdefault((source.ref.kind, source.ref.name), []).append(number)
        return found


def hooks(source: Original) -> set[str]:
    """The moments at which Helm would make the object; empty for one that is no hook."""
    text = str(get(source.body, "metadata", "annotations", "helm.sh/hook") or "")
    return {each.strip() for each in text.split(",") if each.strip()}


def _is_hook(source: Original) -> bool:
    return bool(hooks(source))


def _first(labels: Labels, names: Iterable[str]) -> str:
    return next((str(labels[name]) for name in names if labels.get(name)), "")


def _matches(wanted: Labels, labels: Labels) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())


def _free(names: Iterable[str], taken: set[str]) -> str:
    """The first name that is free, else the last one with a number."""
    last = "service"
    for name in names:
        if name and name not in taken:
            return name
        last = name or last
    number = 2
    while f"{last}-{number}" in taken:
        number += 1
    return f"{last}-{number}"
