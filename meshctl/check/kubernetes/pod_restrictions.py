"""What the API server asks of pods beyond the types of their fields, by type of the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshctl.check.kubernetes.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    amounts,
    at_most,
    filled,
    formed,
    keyed,
    needed,
    needed_when,
    one_of,
    only_when,
    within,
)
from meshctl.check.kubernetes.forms import (
    ABSOLUTE,
    ADDRESS,
    BELOW,
    CONFIG_KEY,
    HEADER,
    LABEL,
    LABEL_VALUE,
    QUALIFIED,
    SUBDOMAIN,
    SYSCTL,
    VARIABLE,
    WITHOUT_BACKSTEPS,
)
from meshctl.check.kubernetes.quantities import quantity

_ID = 2**31 - 1
_GRACE = 30  # seconds, where a pod names none
_OF_NODES = ("cpu", "memory", "ephemeral-storage")
_HOOKS = ("exec", "httpGet", "tcpSocket", "sleep")
_FIELDS = (
    *("metadata.name", "metadata.namespace", "metadata.uid"),
    *("spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_FIELDS_OF_FILES = ("metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations")
_BY_KEY = ("metadata.labels['", "metadata.annotations['")


def _resources(body: Body) -> Iterator[Refusal]:
    """Of a container: what can be asked for, and that what a device plugin gives is asked for whole."""
    requests, limits = (_mapping(body, field) for field in ("requests", "limits"))
    for field, amounts_ in (("requests", requests), ("limits", limits)):
        for name, value in amounts_.items():
            if not _is_resource(name):
                advice = (
                    f"there are {', '.join(_OF_NODES)}, hugepages-… and those of device plugins, like nvidia.com/gpu"
                )
                yield Refusal("form", (field, name), "is no resource of a container", advice)
            elif "/" in name and (amount := quantity(value)) is not None and amount % 1:
                yield Refusal("range", (field, name), f"has to be a whole number, not {value}")
    for name, value in requests.items():
        if ("/" in name or name.startswith("hugepages-")) and quantity(value) != quantity(limits.get(name)):
            yield Refusal(
                "together", ("requests", name), "has to be the same as the limit", f"limits: {{{name}: {value}}}"
            )


def _is_resource(name: str) -> bool:
    prefix, slash, _ = name.partition("/")
    if not slash:
        return name in _OF_NODES or name.startswith("hugepages-")
    return QUALIFIED.fits(name) and not prefix.startswith("requests.")


def _privileges(body: Body) -> Iterator[Refusal]:
    if body.get("allowPrivilegeEscalation") is not False:
        return
    added = _mapping(body, "capabilities").get("add")
    if body.get("privileged") is True:
        yield Refusal("together", ("allowPrivilegeEscalation",), "cannot be false for a privileged container")
    elif added.__class__ is list and "CAP_SYS_ADMIN" in added:
        yield Refusal("together", ("allowPrivilegeEscalation",), "cannot be false beside the capability CAP_SYS_ADMIN")


def _profile(body: Body) -> Iterator[Refusal]:
    yield from needed_when("localhostProfile", "type", "Localhost")(body)
    yield from only_when("localhostProfile", "type", "Localhost")(body)


def _field_of_variable(body: Body) -> Iterator[Refusal]:
    """A variable has no room for all labels; a file has."""
    yield from _field(_mapping(body, "fieldRef"), ("fieldRef", "fieldPath"), _FIELDS)
    resource = _mapping(body, "resourceFieldRef")
    yield from _resource_field(resource, ("resourceFieldRef",))


def _field_of_file(body: Body) -> Iterator[Refusal]:
    yield from one_of("fieldRef", "resourceFieldRef")(body)
    yield from _field(_mapping(body, "fieldRef"), ("fieldRef", "fieldPath"), _FIELDS_OF_FILES)
    resource = _mapping(body, "resourceFieldRef")
    yield from _resource_field(resource, ("resourceFieldRef",))
    if resource and not resource.get("containerName"):
        yield Refusal("empty", ("resourceFieldRef", "containerName"), "is needed in a file")


def _field(reference: Body, steps: tuple[str, ...], known: tuple[str, ...]) -> Iterator[Refusal]:
    path = reference.get("fieldPath")
    by_key = isinstance(path, str) and path.startswith(_BY_KEY) and path.endswith("']")
    if isinstance(path, str) and path not in known and not by_key:
        yield Refusal("choice", steps, f'has no field "{path}" to give', f"there are {', '.join(known)}")


def _resource_field(reference: Body, steps: tuple[str, ...]) -> Iterator[Refusal]:
    resource = reference.get("resource")
    if not isinstance(resource, str):
        return
    which, _, name = resource.partition(".")
    if which not in ("limits", "requests") or not (name in _OF_NODES or name.startswith("hugepages-")):
        yield Refusal("choice", (*steps, "resource"), f'has no resource "{resource}" to give', "limits.cpu, for one")
        return
    divisor = quantity(reference.get("divisor"))
    if divisor is not None and divisor != 0 and name == "cpu" and str(reference["divisor"]) not in ("1", "1m"):
        yield Refusal("range", (*steps, "divisor"), f"has to be 1 or 1m for cpu, not {reference['divisor']}")


def _toleration(body: Body) -> Iterator[Refusal]:
    operator = body.get("operator") or "Equal"
    if operator == "Exists" and body.get("value"):
        yield Refusal("together", ("value",), "cannot be beside the operator Exists", "take it out")
    if not body.get("key") and operator != "Exists":
        yield Refusal("together", ("operator",), "has to be Exists where no key is named")
    yield from only_when("tolerationSeconds", "effect", "NoExecute")(body)


def _requirement(body: Body) -> Iterator[Refusal]:
    """Of a selector of nodes."""
    operator, values = body.get("operator"), body.get("values")
    count = len(values) if values.__class__ is list else 0
    if operator in ("In", "NotIn") and not count:
        yield Refusal("empty", ("values",), f"are needed for {operator}")
    elif operator in ("Exists", "DoesNotExist") and count:
        yield Refusal("together", ("values",), f"cannot be beside the operator {operator}", "take them out")
    elif operator in ("Gt", "Lt") and count != 1:
        yield Refusal("range", ("values",), f"has to be one number for {operator}")


def _hooks(body: Body) -> Iterator[Refusal]:
    for hook in ("postStart", "preStop"):
        if body.get(hook).__class__ is dict:
            for refusal in one_of(*_HOOKS)(body[hook]):
                yield refusal._replace(steps=(hook, *refusal.steps))


def _container(body: Body) -> Iterator[Refusal]:
    """What probes may be told depends on what they are for."""
    for probe in ("livenessProbe", "startupProbe"):
        threshold = _mapping(body, probe).get("successThreshold")
        if threshold.__class__ is int and threshold not in (0, 1):
            yield Refusal("range", (probe, "successThreshold"), f"has to be 1, not {threshold}")
    if "terminationGracePeriodSeconds" in _mapping(body, "readinessProbe"):
        what = "may not be set: a readiness probe ends nothing"
        yield Refusal("together", ("readinessProbe", "terminationGracePeriodSeconds"), what)
    names: set[str] = set()
    for index, port in enumerate(_list(body, "ports")):
        name = port.get("name") if port.__class__ is dict else None
        if isinstance(name, str) and name:
            if name in names:
                yield Refusal("together", ("ports", index, "name"), f'is "{name}" a second time', "rename one of them")
            names.add(name)
    privileged = _mapping(body, "securityContext").get("privileged") is True
    for index, mount in enumerate(_list(body, "volumeMounts")):
        if mount.__class__ is dict and mount.get("mountPropagation") == "Bidirectional" and not privileged:
            steps = ("volumeMounts", index, "mountPropagation")
            yield Refusal("together", steps, "may only be Bidirectional in a privileged container")


def _pod(body: Body) -> Iterator[Refusal]:
    yield from _of_network(body)
    if body.get("shareProcessNamespace") is True and body.get("hostPID") is True:
        yield Refusal("together", ("shareProcessNamespace",), "cannot be true beside hostPID")
    if body.get("dnsPolicy") == "None" and not _mapping(body, "dnsConfig").get("nameservers"):
        yield Refusal("together", ("dnsConfig",), "is needed, with nameservers, when dnsPolicy is None")
    yield from _init_containers(body)
    yield from _host_ports(body)
    grace = body.get("terminationGracePeriodSeconds", _GRACE)
    for index, container in enumerate(_list(body, "containers")):
        hooks = _mapping(container, "lifecycle")
        for hook in ("postStart", "preStop"):
            seconds = _mapping(_mapping(hooks, hook), "sleep").get("seconds")
            if seconds.__class__ is int and grace.__class__ is int and not 0 <= seconds <= grace:
                steps = ("containers", index, "lifecycle", hook, "sleep", "seconds")
                yield Refusal("range", steps, f"has to be at most the {grace} seconds of grace, not {seconds}")
    requests, limits = (_mapping(_mapping(body, "resources"), field) for field in ("requests", "limits"))
    for name, value in requests.items():
        request, limit = quantity(value), quantity(limits.get(name))
        if request is not None and limit is not None and request > limit:
            yield Refusal(
                "range", ("resources", "requests", name), f"is {value}, more than the limit of {limits[name]}"
            )


def _of_network(body: Body) -> Iterator[Refusal]:
    if body.get("hostUsers") is False:
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if body.get(field) is True:
                yield Refusal("together", (field,), "cannot be true when hostUsers is false")


def _init_containers(body: Body) -> Iterator[Refusal]:
    """One that goes on beside the others is a sidecar, and has probes; any other ends before they begin."""
    for index, container in enumerate(_list(body, "initContainers")):
        if container.__class__ is dict and container.get("restartPolicy") != "Always":
            for field in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
                if container.get(field) is not None:
                    what = "may not be set for an init container"
                    advice = "restartPolicy: Always makes a sidecar of it"
                    yield Refusal("together", ("initContainers", index, field), what, advice)


def _host_ports(body: Body) -> Iterator[Refusal]:
    taken: set[tuple[Any, ...]] = set()
    for place, container in enumerate(_list(body, "containers")):
        for index, port in enumerate(_list(container, "ports")):
            number = port.get("hostPort") if port.__class__ is dict else None
            if not number:
                continue
            key = (number, port.get("protocol") or "TCP", port.get("hostIP") or "")
            if key in taken:
                steps = ("containers", place, "ports", index, "hostPort")
                yield Refusal("together", steps, f"is {number} a second time", "a node has each port once")
            taken.add(key)


def _mount(body: Body) -> Iterator[Refusal]:
    yield from one_of("subPath", "subPathExpr", optional=True)(body)
    if body.get("recursiveReadOnly") not in (None, "", "Disabled") and body.get("readOnly") is not True:
        yield Refusal("together", ("recursiveReadOnly",), "may only be set when readOnly is true")


def _projected(body: Body) -> Iterator[Refusal]:
    """No two sources may put a file at the same path."""
    taken: set[str] = set()
    for index, source in enumerate(_list(body, "sources")):
        for kind in ("configMap", "secret", "downwardAPI"):
            for item in _list(_mapping(source, kind), "items"):
                path = item.get("path") if item.__class__ is dict else None
                if isinstance(path, str) and path in taken:
                    yield Refusal("together", ("sources", index, kind), f"puts a second file at {path}")
                taken.add(path if isinstance(path, str) else "")


def _spread(body: Body) -> Iterator[Refusal]:
    yield from only_when("minDomains", "whenUnsatisfiable", "DoNotSchedule")(body)


def _claim(body: Body) -> Iterator[Refusal]:
    """A size of more than nothing, and who may mount it."""
    requests = _mapping(_mapping(body, "resources"), "requests")
    if "storage" not in requests:
        yield Refusal("empty", ("resources", "requests", "storage"), "is needed, and not given")
    elif (size := quantity(requests["storage"])) is not None and size <= 0:
        yield Refusal(
            "range", ("resources", "requests", "storage"), f"has to be more than 0, not {requests['storage']}"
        )
    modes = _list(body, "accessModes")
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield Refusal(
            "together", ("accessModes",), "has ReadWriteOncePod beside others", "keep that alone, or the others"
        )


def _sysctls(body: Body) -> Iterator[Refusal]:
    names = [each.get("name") if each.__class__ is dict else None for each in _list(body, "sysctls")]
    for index, name in enumerate(names):
        if name and name in names[:index]:
            yield Refusal("together", ("sysctls", index, "name"), f"is {name} a second time")


def _mapping(body: Any, field: str) -> Mapping[str, Any]:
    value = body.get(field) if body.__class__ is dict else None
    return value if value.__class__ is dict else {}


def _list(body: Any, field: str) -> list[Any]:
    value = body.get(field) if body.__class__ is dict else None
    return value if value.__class__ is list else []


_IDENTITY = within(0, _ID, "runAsUser", "runAsGroup", "fsGroup")
_ITEMS = (filled("key", "path"), formed(BELOW, "path"), within(0, 0o777, "mode"))
_MODE = within(0, 0o777, "defaultMode")
_KEY_SELECTOR = (formed(CONFIG_KEY, "key"), formed(SUBDOMAIN, "name"), filled("name", "key"))
_SOURCES = ("configMap", "secret", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")

POD_RESTRICTIONS: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.PodSpec": (
        _pod,
        filled("containers"),
        within(1, _ID, "activeDeadlineSeconds"),
        formed(LABEL, "hostname", "subdomain"),
        formed(
            SUBDOMAIN,
            "serviceAccountName",
            "serviceAccount",
            "nodeName",
            "hostnameOverride",
            "priorityClassName",
            "runtimeClassName",
        ),
        keyed(QUALIFIED, "nodeSelector"),
        formed(LABEL_VALUE, "nodeSelector"),
        amounts(0, "overhead"),
    ),
    "core.v1.Container": (_container, filled("name", "image"), among("restartPolicy", "Always", "Never", "OnFailure")),
    "core.v1.ContainerResizePolicy": (
        among("resourceName", "cpu", "memory"),
        among("restartPolicy", "NotRequired", "RestartContainer"),
    ),
    "core.v1.ResourceRequirements": (amounts(0, "requests", "limits"), _resources),
    "core.v1.Probe": (
        within(
            0, None, "initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"
        ),
        within(1, None, "terminationGracePeriodSeconds"),
    ),
    "core.v1.ExecAction": (needed("command"),),
    "core.v1.HTTPGetAction": (within(1, 65535, "port"),),
    "core.v1.TCPSocketAction": (within(1, 65535, "port"),),
    "core.v1.GRPCAction": (within(1, 65535, "port"),),
    "core.v1.HTTPHeader": (formed(HEADER, "name"), filled("name")),
    "core.v1.Lifecycle": (_hooks,),
    "core.v1.EnvVarSource": (
        one_of("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"),
        _field_of_variable,
    ),
    "core.v1.ObjectFieldSelector": (among("apiVersion", "v1"),),
    "core.v1.ConfigMapKeySelector": _KEY_SELECTOR,
    "core.v1.SecretKeySelector": _KEY_SELECTOR,
    "core.v1.EnvFromSource": (one_of("configMapRef", "secretRef"), formed(VARIABLE, "prefix")),
    "core.v1.ConfigMapEnvSource": (needed("name"), formed(SUBDOMAIN, "name")),
    "core.v1.SecretEnvSource": (needed("name"), formed(SUBDOMAIN, "name")),
    "core.v1.SecurityContext": (_IDENTITY, _privileges),
    "core.v1.PodSecurityContext": (
        _IDENTITY,
        within(0, _ID, "supplementalGroups"),
        among("supplementalGroupsPolicy", "Merge", "Strict"),
        among("seLinuxChangePolicy", "MountOption", "Recursive"),
        _sysctls,
    ),
    "core.v1.SeccompProfile": (_profile,),
    "core.v1.AppArmorProfile": (_profile,),
    "core.v1.Sysctl": (formed(SYSCTL, "name"), filled("name")),
    "core.v1.Toleration": (
        _toleration,
        among("operator", "Equal", "Exists"),
        formed(QUALIFIED, "key"),
        formed(LABEL_VALUE, "value"),
    ),
    "core.v1.NodeSelector": (filled("nodeSelectorTerms"),),
    "core.v1.NodeSelectorRequirement": (
        _requirement,
        filled("key"),
        formed(QUALIFIED, "key"),
        formed(LABEL_VALUE, "values"),
    ),
    "core.v1.PreferredSchedulingTerm": (within(1, 100, "weight"),),
    "core.v1.WeightedPodAffinityTerm": (within(1, 100, "weight"),),
    "core.v1.PodAffinityTerm": (
        filled("topologyKey"),
        formed(QUALIFIED, "topologyKey", "matchLabelKeys", "mismatchLabelKeys"),
        formed(LABEL, "namespaces"),
    ),
    "core.v1.TopologySpreadConstraint": (
        within(1, None, "maxSkew", "minDomains"),
        filled("topologyKey"),
        formed(QUALIFIED, "matchLabelKeys"),
        _spread,
    ),
    "core.v1.HostAlias": (formed(ADDRESS, "ip"), formed(SUBDOMAIN, "hostnames")),
    "core.v1.PodDNSConfig": (formed(ADDRESS, "nameservers"), at_most(3, "nameservers"), at_most(32, "searches")),
    "core.v1.PodDNSConfigOption": (needed("name"),),
    "core.v1.PodOS": (among("name", "linux", "windows"),),
    "core.v1.PodReadinessGate": (formed(QUALIFIED, "conditionType"),),
    "core.v1.PodSchedulingGate": (formed(QUALIFIED, "name"),),
    "core.v1.PodResourceClaim": (one_of("resourceClaimName", "resourceClaimTemplateName"),),
    "core.v1.Volume": (filled("name"),),
    "core.v1.VolumeMount": (_mount, formed(BELOW, "subPath", "subPathExpr"), filled("name", "mountPath")),
    "core.v1.HostPathVolumeSource": (filled("path"), formed(WITHOUT_BACKSTEPS, "path")),
    "core.v1.SecretVolumeSource": (needed("secretName"), _MODE),
    "core.v1.ConfigMapVolumeSource": (needed("name"), _MODE),
    "core.v1.ProjectedVolumeSource": (_projected, _MODE),
    "core.v1.DownwardAPIVolumeSource": (_MODE,),
    "core.v1.KeyToPath": _ITEMS,
    "core.v1.DownwardAPIVolumeFile": (_field_of_file, filled("path"), formed(BELOW, "path"), within(0, 0o777, "mode")),
    "core.v1.VolumeProjection": (one_of(*_SOURCES, optional=True),),
    "core.v1.ServiceAccountTokenProjection": (
        within(600, 2**32, "expirationSeconds"),
        filled("path"),
        formed(BELOW, "path"),
    ),
    "core.v1.ConfigMapProjection": (needed("name"),),
    "core.v1.SecretProjection": (needed("name"),),
    "core.v1.EmptyDirVolumeSource": (amounts(0, "sizeLimit"),),
    "core.v1.PersistentVolumeClaimVolumeSource": (filled("claimName"),),
    "core.v1.EphemeralVolumeSource": (needed("volumeClaimTemplate"),),
    "core.v1.NFSVolumeSource": (filled("server", "path"), formed(ABSOLUTE, "path")),
    "core.v1.PersistentVolumeClaimSpec": (
        _claim,
        needed("accessModes"),
        formed(SUBDOMAIN, "storageClassName", "volumeAttributesClassName"),
    ),
}
