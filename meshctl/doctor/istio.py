"""Istio: are its kinds there, does istiod run, and does what puts sidecars into pods see this namespace?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.doctor.cluster import Served, advice, unserved
from meshctl.doctor.finding import Finding, Look
from meshctl.errors import ClusterError
from meshctl.readiness import State, readiness, replicas

if TYPE_CHECKING:
    from meshctl.manifest import Manifest

Body = Mapping[str, Any]
AREA = "istio"
SYSTEM = "istio-system"
ISTIOD = "app=istiod"
INJECTOR = "sidecar-injector.istio.io"
"""How the names of all webhooks end that put sidecars into pods."""
_ENABLED, _REVISION = "istio-injection", "istio.io/rev"
_INSTALL = "install Istio (`istioctl install`), or set `istio: {inject: false}` in the project file"
_SHOWN = 5


class Injector(NamedTuple):
    """One webhook, of one configuration; the Service is empty where it is outside of the cluster."""

    configuration: str
    revision: str
    namespace: str
    service: str
    body: Body


@dataclass(frozen=True)
class Mesh:
    """`labels` are those of the namespace, or those that it will get; `namespace` is empty where nobody knows them.
    `injects` and `revision` are what the project wants. `istiod` and `injectors` are errors where they must not be
    looked at; `endpoints` has, by namespace and name, how many of a Service's are ready, None where that is not known.

    `sandbox` says that nothing runs in this cluster's pods, so nothing is missing where there is no istiod.
    """

    wanted: Sequence[Manifest]
    served: Served
    istiod: Sequence[Body] | ClusterError
    injectors: Sequence[Injector] | ClusterError
    endpoints: Mapping[tuple[str, str], int | None] = field(default_factory=dict)
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    injects: bool = True
    revision: str = ""
    left_out: Sequence[str] = ()
    sandbox: bool = False

    @property
    def objects(self) -> list[Manifest]:
        return [each for each in self.wanted if each.ref.group.endswith(".istio.io")]

    @property
    def matters(self) -> bool:
        return self.injects or bool(self.objects)

    @property
    def absent(self) -> bool:
        """There is none here, as far as one may look."""
        return not self.istiod and not self.injectors


def injectors(configurations: Sequence[Body]) -> list[Injector]:
    """Of all MutatingWebhookConfigurations, those of Istio that make sidecars."""
    return [
        Injector(
            configuration["metadata"]["name"],
            str((configuration["metadata"].get("labels") or {}).get(_REVISION) or "default"),
            str((webhook["clientConfig"].get("service") or {}).get("namespace") or ""),
            str((webhook["clientConfig"].get("service") or {}).get("name") or ""),
            webhook,
        )
        for configuration in configurations
        for webhook in configuration.get("webhooks") or ()
        if str(webhook.get("name", "")).endswith(INJECTOR)
    ]


def kinds(mesh: Mesh) -> Iterator[Finding]:
    if not mesh.objects:
        return
    lacking = unserved(mesh.objects, mesh.served)
    there = any(version.rpartition("/")[0].endswith(".istio.io") for version, _ in mesh.served)
    for manifest in list(lacking.values())[:_SHOWN]:
        message = f"the server has no {manifest.ref.kind} in {manifest.ref.api_version}, which {manifest.where} makes"
        bare = "install Istio (`istioctl install`), or its definitions alone (its chart `base`)"
        yield Finding(AREA, "kinds", "fail", message, advice(manifest, mesh.served) if there else bare)
    if mesh.served and not lacking:
        found = sorted({each.ref.kind for each in mesh.objects})
        yield Finding(AREA, "kinds", "ok", f"{', '.join(found)}: in the versions that the templates have")


def control_plane(mesh: Mesh) -> Iterator[Finding]:
    if isinstance(mesh.istiod, ClusterError):
        if mesh.matters:
            message = f"whether istiod runs is not known: {mesh.istiod.message}"
            yield Finding(AREA, "istiod", "warn", message, "ask whoever runs the cluster")
    elif not mesh.istiod:
        yield from _no_istiod(mesh)
    for body in mesh.istiod if isinstance(mesh.istiod, Sequence) else ():
        name, verdict = body["metadata"]["name"], readiness(body)
        ready, wanted = replicas(body)
        if verdict.state is State.CURRENT:
            yield Finding(AREA, "istiod", "ok", f"{name} {_version(body)}, {ready} of {wanted} ready")
        else:
            mend = f"`kubectl describe deployment {name} -n {SYSTEM}`, `kubectl logs deployment/{name} -n {SYSTEM}`"
            yield Finding(AREA, "istiod", "fail" if ready == 0 else "warn", f"{name}: {verdict.message}", mend)


def _no_istiod(mesh: Mesh) -> Iterator[Finding]:
    """It may run outside of the cluster: then its webhook is here all the same."""
    if mesh.sandbox:
        yield Finding(AREA, "istiod", "ok", "none in the sandbox, in whose pods nothing runs")
    elif mesh.injectors:
        yield Finding(AREA, "istiod", "ok", f"none in {SYSTEM}; it may run elsewhere")
    elif mesh.matters:
        what = "nobody acts on the Istio objects of the templates" if mesh.objects else "no pod gets a sidecar"
        yield Finding(AREA, "istiod", "warn", f"there is no istiod in {SYSTEM}, so {what}", _INSTALL)
    else:
        yield Finding(AREA, "istiod", "ok", "none, and nothing here asks for it")


def injection(mesh: Mesh) -> Iterator[Finding]:
    """Which webhook sees pods of this namespace, and whether the server can reach it."""
    if not mesh.injects or not mesh.namespace or mesh.absent:
        return
    if isinstance(mesh.injectors, ClusterError):
        message = f"whether pods get sidecars is not known: {mesh.injectors.message}"
        yield Finding(AREA, "injector", "warn", message, "ask whoever runs the cluster")
        return
    seeing = [each for each in mesh.injectors if _sees(each, mesh.labels)]
    if not seeing:
        known = ", ".join(sorted({each.revision for each in mesh.injectors})) or "none"
        message = f"no webhook puts sidecars into pods of {mesh.namespace} ({_told(mesh.labels)})"
        mend = f"{_relabel(mesh)}; revisions here: {known}"
        yield Finding(AREA, "injector", "fail" if mesh.objects else "warn", message, mend)
    yield from (_reached(mesh, each) for each in seeing)


def _reached(mesh: Mesh, injector: Injector) -> Finding:
    """A webhook that cannot be called lets no pod pass: Istio's has the failurePolicy Fail."""
    sees = f"{injector.configuration} sees pods of {mesh.namespace}"
    if not injector.service:
        return Finding(AREA, "injector", "ok", f"{sees}; it is outside of the cluster")
    ready = mesh.endpoints.get((injector.namespace, injector.service), 0)
    if ready is None:
        return Finding(AREA, "injector", "ok", f"{sees}; whether it can be reached is not known")
    if ready:
        return Finding(AREA, "injector", "ok", f"{sees}, and can be reached")
    message = (
        f"{sees}, and its Service {injector.service} in {injector.namespace} has no ready endpoint: no pod can be made"
    )
    mend = f"start what serves it: `kubectl get service,pods -n {injector.namespace}`"
    return Finding(AREA, "injector", "fail", message, mend)


def label(mesh: Mesh) -> Iterator[Finding]:
    """The namespace against the project, whatever is installed."""
    if not mesh.namespace:
        return
    asks = mesh.labels.get(_ENABLED) == "enabled" or (_ENABLED not in mesh.labels and _REVISION in mesh.labels)
    told, mend = _told(mesh.labels), _relabel(mesh)
    if mesh.injects and not asks:
        message = f"the project wants sidecars, and {mesh.namespace} does not ask for any ({told})"
        yield Finding(AREA, "label", "warn", message, mend)
    elif asks and not mesh.injects:
        message = f"the project wants no sidecars (istio.inject), and {mesh.namespace} asks for them ({told})"
        yield Finding(AREA, "label", "warn", message, mend)
    elif mesh.injects and mesh.revision and (_ENABLED in mesh.labels or mesh.labels[_REVISION] != mesh.revision):
        message = f"the project wants revision {mesh.revision}, and {mesh.namespace} asks for another ({told})"
        yield Finding(AREA, "label", "warn", message, mend)
    else:
        yield Finding(AREA, "label", "ok", told)


def without_sidecar(mesh: Mesh) -> Iterator[Finding]:
    if mesh.injects and mesh.left_out:
        yield Finding(AREA, "left out", "ok", f"by the project no sidecar for {', '.join(mesh.left_out)}")


def _sees(injector: Injector, labels: Mapping[str, str]) -> bool:
    """A pod that says nothing itself, as most do."""
    from meshctl.check.node import Node
    from meshctl.check.selectors import matches

    asked: dict[str, Mapping[str, str]] = {"namespaceSelector": labels, "objectSelector": {}}
    return all(matches(Node(injector.body.get(key) or {}), each) for key, each in asked.items())


def _relabel(mesh: Mesh) -> str:
    """istio-injection goes before the revision, so where a revision is wanted it has to go."""
    labels = f"{_ENABLED}=enabled"
    if not mesh.injects:
        labels = f"{_ENABLED}- {_REVISION}-"
    elif mesh.revision:
        labels = f"{_ENABLED}- {_REVISION}={mesh.revision}"
    return f"`kubectl label namespace {mesh.namespace} {labels} --overwrite`, then `meshctl restart` for what runs"


def _told(labels: Mapping[str, str]) -> str:
    given = [f"{key}={labels[key]}" for key in (_ENABLED, _REVISION) if key in labels]
    return ", ".join(given) or f"no label {_ENABLED} or {_REVISION}"


def _version(body: Body) -> str:
    """The tag of its image."""
    containers = body["spec"]["template"]["spec"]["containers"]
    return next((str(each["image"]).rpartition(":")[2] for each in containers if each.get("image")), "")


FINDINGS: tuple[Look[Mesh], ...] = (kinds, control_plane, injection, label, without_sidecar)
