"""The webhooks by which istiod gets to see objects."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from meshctl.check.finding import Fault
from meshctl.check.istio.injection import INJECTOR, NAMESPACE_LABEL, REVISION
from meshctl.check.istio.names import is_ip
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.selectors import matches
from meshctl.check.subject import Subject
from meshctl.manifest import LABEL_INJECT

_GROUP = "admissionregistration.k8s.io"
_MUTATING = "MutatingWebhookConfiguration"
_NAMES = {
    _MUTATING: (INJECTOR,),
    "ValidatingWebhookConfiguration": ("istio-validator", "istiod-default-validator"),
}


@bundle_rule("MSH398", "warning", aliases=("IST0139", "IST0163", "IST0164"))
def webhook_astray(subject: Subject) -> Iterator[Fault]:
    """A webhook of Istio that reaches nobody, or a pod that another has reached.

    It names the Service of istiod, or the URL of an istiod outside of the cluster; an address in a URL, instead of a
    name, cannot be verified by most certificates. Two that select one pod would inject it twice.

        # bad
        apiVersion: admissionregistration.k8s.io/v1
        kind: MutatingWebhookConfiguration
        metadata: {name: istio-sidecar-injector}
        webhooks:
        - name: rev.namespace.sidecar-injector.istio.io
          clientConfig: {url: ""}
          sideEffects: None
          admissionReviewVersions: [v1]
        # good
        apiVersion: admissionregistration.k8s.io/v1
        kind: MutatingWebhookConfiguration
        metadata: {name: istio-sidecar-injector}
        webhooks:
        - name: rev.namespace.sidecar-injector.istio.io
          clientConfig: {url: "https://istiod.example.com/inject"}
          sideEffects: None
          admissionReviewVersions: [v1]
    """
    known = {subject.namespace_of(service) for service in subject.services}
    for kind, prefixes in _NAMES.items():
        for configuration in subject.kind(_GROUP, kind):
            if configuration.ref.name.startswith(prefixes):
                for webhook in configuration.root["webhooks"]:
                    yield from _client(subject, known, configuration, webhook["clientConfig"])
    yield from _overlaps(subject)


class _Injector(NamedTuple):
    configuration: Resource
    webhook: Node

    def selects(self, namespace: Mapping[str, str], pod: Mapping[str, str]) -> bool:
        return matches(self.webhook["namespaceSelector"], namespace) and matches(self.webhook["objectSelector"], pod)


def _overlaps(subject: Subject) -> Iterator[Fault]:
    """Webhooks that one pod could be sent to, in whatever way namespaces and pods ask for injection."""
    injectors = [
        _Injector(configuration, webhook)
        for configuration in subject.kind(_GROUP, _MUTATING)
        for webhook in configuration.root["webhooks"]
        if webhook["name"].text.endswith("istio.io")
    ]
    revisions = sorted({revision for injector in injectors for revision in _revisions(injector)} - {""})
    rivals: dict[_Injector, _Injector] = {}
    for namespace in _labelled(NAMESPACE_LABEL, ("enabled", "disabled"), revisions):
        for pod in _labelled(LABEL_INJECT, ("true", "false"), revisions):
            called = [each for each in injectors if each.selects(namespace, pod)]
            for other in called[1:]:
                rivals.setdefault(called[0], other)
                rivals.setdefault(other, called[0])
    for injector, rival in rivals.items():
        message = f"{rival.webhook['name'].text} of {rival.configuration} is called for the same pods"
        place = injector.webhook["name"]
        yield place.fault(message, "keep one", manifest=injector.configuration.manifest)


def _labelled(label: str, values: Iterable[str], revisions: Iterable[str]) -> Iterator[dict[str, str]]:
    """The labels by which a namespace, or a pod, may ask for injection."""
    for asked in ({}, *({label: value} for value in values)):
        yield asked
        yield from ({**asked, REVISION: revision} for revision in revisions)


def _revisions(injector: _Injector) -> Iterator[str]:
    yield str(injector.configuration.labels.get(REVISION) or "")
    for field in ("namespaceSelector", "objectSelector"):
        selector = injector.webhook[field]
        yield selector["matchLabels"][REVISION].text
        for expression in selector["matchExpressions"]:
            if expression["key"].text == REVISION:
                yield from (value.text for value in expression["values"])


def _client(subject: Subject, known: Container[str], configuration: Resource, client: Node) -> Iterator[Fault]:
    url, service = client["url"], client["service"]
    if service:
        namespace, name = service["namespace"].text, service["name"].text
        if namespace in known and not subject.find("", "Service", namespace, name):
            message = f"there is no Service {name} in {namespace}"
            yield service.fault(message, manifest=configuration.manifest)
        return
    host = _host_of(url.text)
    if not host:
        message = "this webhook names neither a Service nor a URL" if not url.text else f'"{url.text}" is no URL'
        yield (url or client).fault(message, manifest=configuration.manifest)
    elif is_ip(host):
        message = f"{host} is an address; a certificate names a host"
        yield url.fault(message, severity="info", manifest=configuration.manifest)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
