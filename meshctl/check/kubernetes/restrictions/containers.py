"""What the API server asks of containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshctl.check.kubernetes.forms import CONFIG_KEY, HEADER, PORT_NAME, QUALIFIED, SUBDOMAIN, VARIABLE
from meshctl.check.kubernetes.quantities import is_fraction, quantity
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    amounts,
    filled,
    formed,
    inside,
    items,
    mapping,
    member,
    needed,
    one_of,
    repeated,
    within,
)

_OF_NODES = ("cpu", "memory", "ephemeral-storage")
_HOOKS = ("exec", "httpGet", "tcpSocket", "sleep")


def _resources(body: Body) -> Iterator[Refusal]:
    """Of a container: what can be asked for, and that what a device plugin gives is asked for whole."""
    requests, limits = (mapping(body, field) for field in ("requests", "limits"))
    for field, amounts_ in (("requests", requests), ("limits", limits)):
        for name, value in amounts_.items():
            if not _is_resource(name):
                advice = (
                    f"there are {', '.join(_OF_NODES)}, hugepages-… and those of device plugins, like nvidia.com/gpu"
                )
                yield Refusal("form", (field, name), "is no resource of a container", advice)
            elif "/" in name and is_fraction(value):
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


def _container(body: Body) -> Iterator[Refusal]:
    """What probes may be told depends on what they are for."""
    for probe in ("livenessProbe", "startupProbe"):
        threshold = mapping(body, probe).get("successThreshold")
        if threshold.__class__ is int and threshold not in (0, 1):
            yield Refusal("range", (probe, "successThreshold"), f"has to be 1, not {threshold}")
    if "terminationGracePeriodSeconds" in mapping(body, "readinessProbe"):
        what = "may not be set: a readiness probe ends nothing"
        yield Refusal("together", ("readinessProbe", "terminationGracePeriodSeconds"), what)
    privileged = mapping(body, "securityContext").get("privileged") is True
    for steps, mount in items(body, "volumeMounts"):
        if member(mount, "mountPropagation") == "Bidirectional" and not privileged:
            what = "may only be Bidirectional in a privileged container"
            yield Refusal("together", (*steps, "mountPropagation"), what)


def _port_names(body: Body) -> Iterator[Refusal]:
    names = (((*steps, "name"), member(port, "name")) for steps, port in items(body, "ports"))
    for steps, name in repeated(names):
        yield Refusal("together", steps, f'is "{name}" a second time', "rename one of them")


_PORT = (within(1, 65535, "port"), formed(PORT_NAME, "port"), filled("port"))
_KEY_SELECTOR = (formed(CONFIG_KEY, "key"), formed(SUBDOMAIN, "name"), needed("name"), filled("key"))

CONTAINERS: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.Container": (
        _container,
        _port_names,
        filled("name", "image"),
        among("restartPolicy", "Always", "Never", "OnFailure"),
    ),
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
    "core.v1.HTTPGetAction": _PORT,
    "core.v1.TCPSocketAction": _PORT,
    "core.v1.GRPCAction": (within(1, 65535, "port"),),
    "core.v1.HTTPHeader": (formed(HEADER, "name"), filled("name")),
    "core.v1.Lifecycle": (inside("postStart", one_of(*_HOOKS)), inside("preStop", one_of(*_HOOKS))),
    "core.v1.ConfigMapKeySelector": _KEY_SELECTOR,
    "core.v1.SecretKeySelector": _KEY_SELECTOR,
    "core.v1.EnvFromSource": (one_of("configMapRef", "secretRef"), formed(VARIABLE, "prefix")),
    "core.v1.ConfigMapEnvSource": (needed("name"), formed(SUBDOMAIN, "name")),
    "core.v1.SecretEnvSource": (needed("name"), formed(SUBDOMAIN, "name")),
}
