"""From what a command was told to all findings: look things up, side by side where a server is asked, then judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from meshctl.doctor import cluster, istio, local, machine, namespace, project, rights
from meshctl.doctor.finding import Finding, judged
from meshctl.errors import ClusterError, Forbidden, GuardError, MeshctlError, NoSuchKind, NotFound
from meshctl.identity import ObjectRef
from meshctl.manifest import Manifest

if TYPE_CHECKING:
    from meshctl.cluster import Cluster, Resource
    from meshctl.config import Config, Project

CONCURRENCY = 8
_USUAL = (("apps/v1", "Deployment"), ("v1", "Service"))
"""The kinds that are taken for those of a project that is not there."""
_SLICE = "discovery.k8s.io/v1"
_OF_SERVICE = "kubernetes.io/service-name"


@dataclass(frozen=True)
class Means:
    """How what is looked at is found. `namespace` is the command line's, which a project that cannot be loaded cannot
    say; `context_named` and `yes` are what the guards ask for."""

    find: Callable[[], Project]
    load: Callable[[], Config]
    connect: Callable[[], Cluster]
    environ: Mapping[str, str]
    namespace: str = ""
    context_named: bool = False
    yes: bool = False


def examine(means: Means) -> Iterator[Finding]:
    """All findings, by area; what cannot be looked at is told, and the rest is looked at all the same."""
    yield from judged(machine.FINDINGS, machine.look(means.environ))
    place = project.look(means.find, means.load, means.environ)
    yield from judged(project.FINDINGS, place)
    wanted = tuple(place.attempt.bundle) if place.attempt else ()
    connected, reach = _reach(means, place.config, wanted)
    if connected is None:
        yield from judged(cluster.FINDINGS, reach)
    else:
        yield from _in_cluster(means, connected, reach, place.config)
    yield from judged(local.FINDINGS, _sandbox(needed=connected is None))


def _reach(means: Means, config: Config | None, wanted: Sequence[Manifest]) -> tuple[Cluster | None, cluster.Reach]:
    """None unless the cluster answers."""
    from meshctl.check.kubernetes import schema

    try:
        connected = means.connect()
    except MeshctlError as fault:
        return None, cluster.Reach(fault=fault)
    reach = cluster.Reach(connected.target, refusals=_refusals(means, config, connected), wanted=wanted)
    try:
        version: Mapping[str, Any] | Forbidden = connected.version()
    except Forbidden as refused:
        version = refused
    except ClusterError as fault:
        return None, replace(reach, fault=fault)
    major, _, minor = schema.version().partition(".")
    return connected, replace(reach, version=version, known=(int(major), int(minor)))


def _refusals(means: Means, config: Config | None, connected: Cluster) -> list[GuardError] | None:
    """Why nothing may be written; None without a project, which has the rules."""
    if config is None:
        return None
    from meshctl import lifecycle

    try:
        lifecycle.guard(config, connected, context_named=means.context_named, yes=means.yes)
    except GuardError as refusal:
        return [refusal]
    return []


def _in_cluster(means: Means, connected: Cluster, reach: cluster.Reach, config: Config | None) -> Iterator[Finding]:
    name = config.namespace if config else means.namespace
    answers = _asked(_questions(connected, name))
    served = answers["served"] if isinstance(answers["served"], frozenset) else frozenset()
    yield from judged(cluster.FINDINGS, replace(reach, served=served))
    if name:
        yield from judged(namespace.FINDINGS, _room(name, answers, config))
        yield from judged(rights.FINDINGS, _rights(connected, name, answers, reach.wanted))
    else:
        advice = "name one with -n, or mend the project"
        yield Finding(namespace.AREA, "there", "warn", "without a project it is not known which one is meant", advice)
    yield from judged(istio.FINDINGS, _mesh(connected, answers, replace(reach, served=served), config))


def _questions(connected: Cluster, name: str) -> dict[str, Callable[[], Any]]:
    """All that can be asked at once."""
    webhooks = ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration")
    always: dict[str, Callable[[], Any]] = {
        "served": connected.served,
        "istiod": lambda: connected.list("apps/v1", "Deployment", istio.SYSTEM, labels=istio.ISTIOD).items,
        "webhooks": lambda: connected.list(*webhooks).items,
    }
    if not name:
        return always
    return always | {
        "namespace": lambda: connected.get(ObjectRef("v1", "Namespace", "", name)),
        "quotas": lambda: connected.list("v1", "ResourceQuota", name).items,
        "rules": lambda: connected.rules(name),
    }


def _asked(questions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """The answers by name; what went wrong with one is its answer."""

    def answer(question: Callable[[], Any]) -> Any:
        try:
            return question()
        except ClusterError as error:
            return error

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return dict(zip(questions, pool.map(answer, questions.values()), strict=True))


def _room(name: str, answers: Mapping[str, Any], config: Config | None) -> namespace.Room:
    live, quotas = answers["namespace"], answers["quotas"]
    return namespace.Room(
        name=name,
        live=None if isinstance(live, NotFound) else live,
        quotas=() if isinstance(quotas, ClusterError) else quotas,
        project=config.project if config else "",
        user=config.user if config else "",
        meshed=bool(config and config.istio.inject),
        now=datetime.now(UTC),
    )


def _rights(connected: Cluster, name: str, answers: Mapping[str, Any], wanted: Iterable[Manifest]) -> rights.Rights:
    objects = _resources(connected, name, wanted)
    needs = rights.needs(name, objects, make_namespace=isinstance(answers["namespace"], NotFound))
    review = answers["rules"]
    if isinstance(review, ClusterError):
        return rights.Rights(needs, fault=review.message)
    doubtful = rights.doubtful(needs, name, review)
    missing = set(rights.settled(doubtful, name, review))
    asked = [right for right in doubtful if right not in missing]
    said = _asked({str(index): _may(connected, right) for index, right in enumerate(asked)})
    return rights.Rights(needs, frozenset(missing | {asked[int(index)] for index, may in said.items() if may is False}))


def _may(connected: Cluster, right: rights.Right) -> Callable[[], bool]:
    return lambda: connected.allowed(*right)


def _resources(connected: Cluster, name: str, wanted: Iterable[Manifest]) -> list[tuple[Resource, str]]:
    """The kinds of the templates with the namespaces that they are in; those that are not served have no rights."""
    kinds = {(each.ref.api_version, each.ref.kind, each.ref.namespace) for each in wanted}
    found = []
    for api_version, kind, place in sorted(kinds) or [(*each, name) for each in _USUAL]:
        try:
            found.append((connected.resource(api_version, kind), place))
        except (NoSuchKind, Forbidden):
            continue
    return found


def _mesh(connected: Cluster, answers: Mapping[str, Any], reach: cluster.Reach, config: Config | None) -> istio.Mesh:
    webhooks = answers["webhooks"]
    injectors = webhooks if isinstance(webhooks, ClusterError) else istio.injectors(webhooks)
    labels = _labels(answers.get("namespace"), config)
    return istio.Mesh(
        wanted=reach.wanted,
        served=reach.served,
        istiod=answers["istiod"],
        injectors=injectors,
        endpoints=_endpoints(connected, () if isinstance(injectors, ClusterError) else injectors),
        namespace=config.namespace if config and labels is not None else "",
        labels=labels or {},
        injects=bool(config and config.istio.inject),
        revision=config.istio.revision if config else "",
        left_out=[each.name for each in config.services.values() if not each.inject] if config else (),
        sandbox=_is_sandbox(connected),
    )


def _labels(live: Any, config: Config | None) -> Mapping[str, str] | None:
    """Of the namespace that is there, or that start would make; None where they are not known."""
    from meshctl.lifecycle.namespace import namespace_body

    if isinstance(live, NotFound) and config:
        live = namespace_body(config, datetime.now(UTC))
    if live is None or isinstance(live, ClusterError):
        return None
    return live["metadata"].get("labels") or {}


def _endpoints(connected: Cluster, injectors: Iterable[istio.Injector]) -> dict[tuple[str, str], int | None]:
    """How many ready ones each Service of a webhook has; None where that must not be looked at."""
    places = {f"{each.namespace}/{each.service}": each for each in injectors if each.service}

    def slices(each: istio.Injector) -> Callable[[], Any]:
        selector = f"{_OF_SERVICE}={each.service}"
        return lambda: connected.list(_SLICE, "EndpointSlice", each.namespace, labels=selector).items

    answers = _asked({key: slices(each) for key, each in places.items()})
    return {
        (each.namespace, each.service): None if isinstance(answers[key], ClusterError) else _ready(answers[key])
        for key, each in places.items()
    }


def _ready(slices: Iterable[Mapping[str, Any]]) -> int:
    """A condition that is not there counts as true."""
    endpoints = (each for body in slices for each in body.get("endpoints") or ())
    return sum((each.get("conditions") or {}).get("ready") is not False for each in endpoints)


def _is_sandbox(connected: Cluster) -> bool:
    from meshctl.sandbox import CONTEXT

    return connected.target.local and connected.target.context.startswith(CONTEXT)


def _sandbox(*, needed: bool) -> local.Sandbox:
    from meshctl import sandbox

    status = sandbox.status()
    obstacle = sandbox.obstacle() if needed and not status.pids else ""
    return local.Sandbox(status, obstacle, needed)
