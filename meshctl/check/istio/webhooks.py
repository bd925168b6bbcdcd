"""The webhooks by which istiod gets to see objects."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from meshctl.check.finding import Fault
from meshctl.check.istio.names import is_ip
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

_GROUP = "admissionregistration.k8s.io"
_INJECTOR = "istio-sidecar-injector"
_NAMES = {
    "MutatingWebhookConfiguration": (_INJECTOR,),
    "ValidatingWebhookConfiguration": ("istio-validator", "istiod-default-validator"),
}


@bundle_rule("MSH398", "error", aliases=("IST0139", "IST0163", "IST0164"))
def webhook_astray(subject: Subject) -> Iterator[Fault]:
    """A webhook of Istio that reaches nobody.

    It names the Service of istiod, or the URL of an istiod outside of the cluster; an address in a URL, instead of a
    name, cannot be verified by most certificates.

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
    for kind, prefixes in _NAMES.items():
        for configuration in subject.kind(_GROUP, kind):
            if configuration.ref.name.startswith(prefixes):
                for webhook in configuration.root["webhooks"]:
                    yield from _client(subject, configuration, webhook["clientConfig"])


def _client(subject: Subject, configuration: Resource, client: Node) -> Iterator[Fault]:
    url, service = client["url"], client["service"]
    if service:
        namespace, name = service["namespace"].text, service["name"].text
        made = {subject.namespace_of(each) for each in subject.services}
        if namespace in made and not subject.find("", "Service", namespace, name):
            message = f"there is no Service {name} in {namespace}"
            yield service.fault(message, severity="warning", manifest=configuration.manifest)
        return
    host = _host_of(url.text)
    if not host:
        message = "this webhook names neither a Service nor a URL" if not url.text else f'"{url.text}" is no URL'
        yield (url or client).fault(message, severity="warning", manifest=configuration.manifest)
    elif is_ip(host):
        message = f"{host} is an address; a certificate names a host"
        yield url.fault(message, severity="info", manifest=configuration.manifest)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
