"""Istio's annotations: where they may be, and what they may say."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping

from meshctl import yamlio
from meshctl.check.finding import Fault
from meshctl.check.istio.reference import known_annotations
from meshctl.check.istio.values import port_fault, port_of
from meshctl.check.kubernetes.quantities import is_quantity
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import object_rule
from meshctl.errors import MeshctlError, did_you_mean
from meshctl.manifest import LABEL_INJECT

_OURS = re.compile(r"(^|[./])istio\.io/")
_BOOLEANS = ("true", "false", "t", "f", "1", "0")
_WISHES = ("true", "false", "y", "n", "yes", "no", "on", "off")
_PREFIX_OF_PORTS = "readiness.status.sidecar.istio.io/"


def _annotations(resource: Resource) -> Iterator[tuple[str, str, Node]]:
    """Istio's annotations of an object and of the pod that it makes: the kind that carries it, its name, its value."""
    holders = [(resource.ref.kind, resource.metadata)]
    if resource.pod and resource.ref.kind != "Pod":
        holders.append(("Pod", resource.pod.template["metadata"]))
    for kind, metadata in holders:
        for name, value in metadata["annotations"].children():
            if _OURS.search(name) or name in known_annotations():
                yield kind, name, value


@object_rule("MSH390", "warning", aliases=("IST0107",))
def annotation_misplaced(resource: Resource) -> Iterator[Fault]:
    """An annotation of Istio on a kind that it is not for.

    Nobody reads it there. Those for pods go to the pod template of a Deployment, not to the Deployment.

        # bad
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, annotations: {proxy.istio.io/config: "{}"}}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}, annotations: {proxy.istio.io/config: "{}"}}
            spec: {containers: [{name: web, image: "web:1"}]}
    """
    for kind, name, value in _annotations(resource):
        known = known_annotations().get(name)
        if known and name != LABEL_INJECT and not {kind, "Any"} & set(known["kinds"]):
            advice = "move it to the pod template" if resource.pod and "Pod" in known["kinds"] else ""
            yield value.fault(f"{name} is for {' and '.join(known['kinds'])}, not for {kind}", advice, at_key=True)


@object_rule("MSH391", "warning", aliases=("IST0108",))
def annotation_unknown(resource: Resource) -> Iterator[Fault]:
    """An annotation of istio.io that Istio does not know.

    It is misspelt, or of another version.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web, annotations: {networking.istio.io/exportTwo: "."}}
        spec: {ports: [{name: http, port: 80}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web, annotations: {networking.istio.io/exportTo: "."}}
        spec: {ports: [{name: http, port: 80}]}
    """
    for _, name, value in _annotations(resource):
        if name not in known_annotations() and not name.startswith("internal.istio.io/"):
            yield value.fault(f"Istio knows no annotation {name}", did_you_mean(name, known_annotations()), at_key=True)


@object_rule("MSH392", "warning", aliases=("IST0125",))
def annotation_invalid(resource: Resource) -> Iterator[Fault]:
    """An annotation of Istio with a value that it cannot have.

    Lists of ports and of ranges are separated by commas; only the ones that include take `*`. All values are texts, so
    quote numbers and true.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}, annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: "*"}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels: {app: web}
          annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: "3306,6379"}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    for _, name, value in _annotations(resource):
        judge = _JUDGES.get(name)
        if judge and (fault := judge(value.text) if value.value.__class__ is str else "the value is a text; quote it"):
            yield value.fault(f"{name}: {fault}")


@object_rule("MSH393", "info", aliases=("IST0135",))
def annotation_deprecated(resource: Resource) -> Iterator[Fault]:
    """An annotation that Istio will drop.

    Most of them have become fields of proxy.istio.io/config; the one for injection is a label today.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}, annotations: {sidecar.istio.io/inject: "false"}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web, sidecar.istio.io/inject: "false"}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    for _, name, value in _annotations(resource):
        known = known_annotations().get(name)
        if known and known["deprecated"]:
            advice = "write it as a label of the pod template" if name == LABEL_INJECT else ""
            yield value.fault(f"the annotation {name} is on its way out", advice, at_key=True)


def _number(text: str) -> str:
    return "" if text.isdecimal() and text.isascii() else f'"{text}" is no number'


def _boolean(text: str) -> str:
    return "" if text.lower() in _BOOLEANS else f'"{text}" is neither true nor false'


def _wish(text: str) -> str:
    """Injection takes YAML's old words, too."""
    return "" if text.lower() in _WISHES else f'"{text}" is neither true nor false'


def _ports(text: str) -> str:
    for part in filter(None, (each.strip() for each in text.split(","))):
        if part != "0" and port_fault(port_of(part) or 0):
            return f'"{part}" is no port'
    return ""


def _ports_or_all(text: str) -> str:
    return "" if text == "*" else _ports(text)


def _ranges(text: str) -> str:
    for part in filter(None, (each.strip() for each in text.split(","))):
        try:
            ipaddress.ip_interface(part)
        except ValueError:
            return f'"{part}" is no range of addresses'
    return ""


def _ranges_or_all(text: str) -> str:
    return "" if text == "*" else _ranges(text)


def _quantity(text: str) -> str:
    return "" if is_quantity(text) else f'"{text}" is no quantity of Kubernetes'


def _one_of(*known: str) -> Callable[[str], str]:
    return lambda text: "" if text in known else f'"{text}" is none of {", ".join(known)}'


def _yaml(text: str) -> str:
    try:
        value = yamlio.load(text, "annotation").value
    except MeshctlError as error:
        return f"it is no YAML: {error.message}"
    return "" if value is None or isinstance(value, dict) else "it is no mapping in YAML"


_TRAFFIC = "traffic.sidecar.istio.io/"
_JUDGES: Mapping[str, Callable[[str], str]] = {
    LABEL_INJECT: _wish,
    "proxy.istio.io/config": _yaml,
    "prometheus.istio.io/merge-metrics": _boolean,
    "sidecar.istio.io/rewriteAppHTTPProbers": _boolean,
    "sidecar.istio.io/nativeSidecar": _boolean,
    "sidecar.istio.io/interceptionMode": _one_of("REDIRECT", "TPROXY", "NONE"),
    "sidecar.istio.io/logLevel": _one_of("trace", "debug", "info", "warning", "warn", "error", "critical", "off"),
    "status.sidecar.istio.io/port": _number,
    f"{_PREFIX_OF_PORTS}initialDelaySeconds": _number,
    f"{_PREFIX_OF_PORTS}periodSeconds": _number,
    f"{_PREFIX_OF_PORTS}failureThreshold": _number,
    f"{_PREFIX_OF_PORTS}applicationPorts": _ports,
    **{f"sidecar.istio.io/proxy{resource}": _quantity for resource in ("CPU", "CPULimit", "Memory", "MemoryLimit")},
    f"{_TRAFFIC}includeInboundPorts": _ports_or_all,
    f"{_TRAFFIC}includeOutboundPorts": _ports_or_all,
    f"{_TRAFFIC}excludeInboundPorts": _ports,
    f"{_TRAFFIC}excludeOutboundPorts": _ports,
    f"{_TRAFFIC}includeOutboundIPRanges": _ranges_or_all,
    f"{_TRAFFIC}excludeOutboundIPRanges": _ranges,
}
