"""Which rights the commands need, which of them are missing, and the Role that grants them all.

One SelfSubjectRulesReview says what may be done in the namespace. What lies outside of it, and what an authorizer did
not list, is asked for right by right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.doctor.finding import Finding, Look, State

if TYPE_CHECKING:
    from meshctl.cluster import Resource

AREA = "rights"
ROLE = "meshctl-developer"
_ALL = "*"
_OBJECTS = ("get", "list", "watch", "create", "patch", "delete")
_RBAC = "rbac.authorization.k8s.io"


class Right(NamedTuple):
    """One verb on one resource; `pods/log` is a subresource, the namespace is empty for the whole cluster."""

    verb: str
    group: str
    resource: str
    namespace: str


class Purpose(NamedTuple):
    """What somebody wants to do, how grave it is that he may not, and what that means."""

    name: str
    missing: State
    without: str


@dataclass(frozen=True)
class Need:
    purpose: Purpose
    rights: tuple[Right, ...]


@dataclass(frozen=True)
class Rights:
    """What is needed, and what of it is missing. `fault` is why nobody could tell."""

    needs: Sequence[Need]
    missing: frozenset[Right] = frozenset()
    fault: str = ""


_RUN = Purpose("start and stop", "fail", "services cannot be started and stopped")
_ROLL = Purpose("restart and scale", "warn", "services cannot be restarted and scaled")
_NAMESPACE = Purpose("namespace", "fail", "the namespace is not there, and you cannot make it")
_COMMANDS: tuple[tuple[Purpose, str, str, str], ...] = (
    (_RUN, "", "configmaps", " ".join(_OBJECTS)),  # each service has one that says what is part of it
    (_RUN, "", "pods", "get list watch"),
    (_RUN, "", "events", "list watch"),
    (_RUN, "apps", "replicasets", "list watch"),
    (_ROLL, "apps", "deployments", "list watch"),
    (_ROLL, "apps", "statefulsets", "list watch"),
    (_ROLL, "apps", "daemonsets", "list watch"),
    (Purpose("locks", "fail", "no run can begin"), "coordination.k8s.io", "leases", "get create patch delete"),
    (Purpose("history", "warn", "runs are not kept, so none can be rolled back"), "", "secrets",
     "get list create delete"),
    (Purpose("logs", "warn", "no log can be read"), "", "pods/log", "get"),
    (Purpose("exec", "warn", "no command can be run in a pod"), "", "pods/exec", "get create"),
    (Purpose("port-forward", "warn", "no port can lead into a pod"), "", "pods/portforward", "get create"),
)  # fmt: skip
"""What is needed whatever the templates make: group, resource and verbs. Newer servers take exec and port-forward for
`create`, older ones for `get`."""


def needs(namespace: str, objects: Iterable[tuple[Resource, str]] = (), *, make_namespace: bool = False) -> list[Need]:
    """Of the commands, and of the kinds of objects, each in its namespace."""
    found: dict[Purpose, list[Right]] = defaultdict(list)
    for purpose, group, resource, verbs in _COMMANDS:
        found[purpose] += [Right(verb, group, resource, namespace) for verb in verbs.split()]
    for kind, place in objects:
        group = kind.api_version.rpartition("/")[0]
        found[_RUN] += [Right(verb, group, kind.plural, place) for verb in _OBJECTS]
    if make_namespace:
        found[_NAMESPACE] = [Right("create", "", "namespaces", "")]
    return [Need(purpose, tuple(dict.fromkeys(rights))) for purpose, rights in found.items()]


def doubtful(needed: Iterable[Need], namespace: str, review: Mapping[str, Any]) -> list[Right]:
    """Those that the review does not settle: outside of its namespace, or not granted by what it could list."""
    rules = review.get("resourceRules") or []
    every = dict.fromkeys(right for need in needed for right in need.rights)
    return [right for right in every if right.namespace != namespace or not _granted(rules, right)]


def settled(rights: Iterable[Right], namespace: str, review: Mapping[str, Any]) -> list[Right]:
    """Of the doubtful, those that are missing for sure: nothing was left out of the review."""
    return [] if review.get("incomplete") else [right for right in rights if right.namespace == namespace]


def _granted(rules: Iterable[Mapping[str, Any]], right: Right) -> bool:
    """A rule for objects of certain names grants nothing of the rest."""
    return any(
        not rule.get("resourceNames")
        and _among(right.verb, rule.get("verbs"))
        and _among(right.group, rule.get("apiGroups"))
        and _names(rule.get("resources") or (), right.resource)
        for rule in rules
    )


def _names(resources: Iterable[str], wanted: str) -> bool:
    _, slash, subresource = wanted.partition("/")
    return _among(wanted, resources) or bool(slash and f"{_ALL}/{subresource}" in resources)


def _among(wanted: str, given: Iterable[str] | None) -> bool:
    return bool({wanted, _ALL} & set(given or ()))


def missing(rights: Rights) -> Iterator[Finding]:
    if rights.fault:
        yield Finding(AREA, "review", "warn", rights.fault, "the commands will tell what they must not do")
        return
    role = manifests(rights.needs)
    for need in rights.needs:
        purpose, lacking = need.purpose, [right for right in need.rights if right in rights.missing]
        if lacking:
            message = f"{purpose.without}: you may not {_listed(lacking)}"
            yield Finding(AREA, purpose.name, purpose.missing, message, _grant(lacking), role)
        else:
            yield Finding(AREA, purpose.name, "ok", "nothing is missing")


def _listed(rights: Sequence[Right]) -> str:
    """Resources with the same verbs together: `get,list pods, secrets; get pods/log`."""
    verbs: dict[str, list[str]] = defaultdict(list)
    for right in rights:
        verbs[_named(right)].append(right.verb)
    resources: dict[str, list[str]] = defaultdict(list)
    for name, each in verbs.items():
        resources[",".join(dict.fromkeys(each))].append(name)
    return "; ".join(f"{each} {', '.join(names)}" for each, names in resources.items())


def _named(right: Right) -> str:
    return f"{right.resource}.{right.group}" if right.group else right.resource


def _grant(lacking: Sequence[Right]) -> str:
    """The rules, one line of YAML each; the whole Role is printed with -v."""
    kinds = {"Role": [right for right in lacking if right.namespace]}
    kinds["ClusterRole"] = [right for right in lacking if not right.namespace]
    told = [f"a {kind} with {_flow(rules_of(rights))}" for kind, rights in kinds.items() if rights]
    return f"ask for {' and '.join(told)}; all that is needed: `meshctl doctor -v`"


def _flow(rules: Sequence[Mapping[str, Any]]) -> str:
    def line(rule: Mapping[str, Any]) -> str:
        told = {key: ", ".join(each or '""' for each in values) for key, values in rule.items()}
        return f"{{{', '.join(f'{key}: [{values}]' for key, values in told.items())}}}"

    return ", ".join(map(line, rules))


def rules_of(rights: Iterable[Right]) -> list[dict[str, Any]]:
    """As few rules as say it: resources of a group with the same verbs share one."""
    verbs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for right in rights:
        if right.verb not in verbs[right.group, right.resource]:
            verbs[right.group, right.resource].append(right.verb)
    shared: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (group, resource), each in sorted(verbs.items()):
        shared[group, tuple(sorted(each))].append(resource)
    return [
        {"apiGroups": [group], "resources": resources, "verbs": list(each)}
        for (group, each), resources in shared.items()
    ]


def manifests(needed: Iterable[Need]) -> tuple[Mapping[str, Any], ...]:
    """The Role of each namespace, and a ClusterRole for what has none."""
    places: dict[str, list[Right]] = defaultdict(list)
    for need in needed:
        for right in need.rights:
            places[right.namespace].append(right)
    return tuple(_role(namespace, rights) for namespace, rights in sorted(places.items(), reverse=True))


def _role(namespace: str, rights: Sequence[Right]) -> Mapping[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": {"name": ROLE, **place},
        "rules": rules_of(rights),
    }


FINDINGS: tuple[Look[Rights], ...] = (missing,)
