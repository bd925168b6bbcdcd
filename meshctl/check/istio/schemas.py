"""What the API server says to objects of Istio and of the Gateway API, by the schemas of their CRDs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from meshctl.check.finding import Fault
from meshctl.check.istio import old_forms
from meshctl.check.istio.kinds import API_KINDS, GATEWAY_API
from meshctl.check.istio.reference import known_kinds
from meshctl.check.istio.rules import schema_faults
from meshctl.check.resource import Resource
from meshctl.check.rules import object_rule
from meshctl.config.schema import dotted
from meshctl.errors import did_you_mean


@object_rule("MSH300", "error", aliases=("IST0106",))
def served(resource: Resource) -> Iterator[Fault]:
    """A kind or version of Istio's API, or of the Gateway API, that no API server serves.

    The kind is misspelt, or of another group, or the version is none of those that its CRD has.

        # bad
        apiVersion: networking.istio.io/v2
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
    """
    group, kind = resource.ref.group_kind
    if old_forms.is_retired(group) or group not in _groups():
        return
    known = known_kinds().get(f"{group}/{kind}")
    version = resource.ref.api_version.rpartition("/")[2]
    if known is None:
        advice = did_you_mean(f"{group}/{kind}", known_kinds())
        whose = "the Gateway API" if group == GATEWAY_API else "Istio"
        yield resource.root["kind"].fault(f"{whose} has no {kind} in {group}", advice)
    elif version not in known["versions"]:
        advice = "write " + " or ".join(f"{group}/{each}" for each in known["versions"])
        yield resource.root["apiVersion"].fault(f"{kind} is not served as {version}", advice)


@cache
def _groups() -> frozenset[str]:
    return frozenset(each.partition("/")[0] for each in known_kinds())


@object_rule("MSH301", "error", *API_KINDS, aliases=("IST0106",))
def schema(resource: Resource) -> Iterator[Fault]:
    """An object of Istio or of the Gateway API that the API server refuses.

    Its CRD has no such field, or wants another type, another value, or breaks one of its rules. An unknown field is
    refused too: the server would drop it without a word if it were not told to be strict.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{timout: 3s, route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{timeout: 3s, route: [{destination: {host: web}}]}]
    """
    for fault in schema_faults(resource):
        if not (fault.at_key and old_forms.stand_in(resource.ref.kind, fault.path)):
            yield fault._replace(message=f"{dotted(fault.path)}: {fault.message}" if fault.path else fault.message)
