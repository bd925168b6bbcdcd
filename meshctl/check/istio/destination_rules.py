"""Rules of a DestinationRule by itself."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import DESTINATION_RULE, SIDECAR
from meshctl.check.istio.names import full_name_fault, host_fault, is_ip
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import labels, port_fault, precision_fault, subset_name_fault
from meshctl.check.node import Node
from meshctl.check.resource import Resource

_POLICY_FIELDS = ("connectionPool", "loadBalancer", "outlierDetection", "tls")


_TOP_FIELDS = (*_POLICY_FIELDS, "portLevelSettings", "tunnel", "proxyProtocol", "retryBudget")


_COUNTS = {
    "tcp": ("maxConnections",),
    "http": (
        "http1MaxPendingRequests",
        "http2MaxRequests",
        "maxRequestsPerConnection",
        "maxRetries",
        "maxConcurrentStreams",
    ),
}


def whole_policies(rule: Resource) -> Iterator[Node]:
    """The policies of the host and of its subsets."""
    for holder in (rule.spec, *rule.spec["subsets"]):
        if holder["trafficPolicy"]:
            yield holder["trafficPolicy"]


def policies(rule: Resource) -> Iterator[Node]:
    """The policies of the host and its subsets, and those of single ports within them."""
    for policy in whole_policies(rule):
        yield policy
        yield from policy["portLevelSettings"]


@istio_rule("MSH330", "error", DESTINATION_RULE, aliases=("IST0106", "KIA0209"))
def host_and_subsets(rule: Resource) -> Iterator[Fault]:
    """A host, or a subset, that Istio refuses.

    The host is a DNS name; each subset has a name of its own, a DNS label, and the labels of its pods.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          subsets: [{name: v1, labels: {version: v1}}, {name: v1, labels: {version: v2}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
    """
    host = rule.spec["host"]
    if host and (fault := host_fault(host.text)):
        yield host.fault(fault)
    seen: set[str] = set()
    for subset in rule.spec["subsets"]:
        name = subset["name"]
        if fault := subset_name_fault(name.text):
            yield name.fault(fault)
        elif name.text in seen:
            yield name.fault(f'there are two subsets called "{name.text}"')
        seen.add(name.text)
        yield from labels(subset["labels"])
        if not subset["labels"].value:
            message = f'the subset "{name.text}" has no labels, so it is all pods of the host'
            yield subset.fault(message, "write the labels of its pods", severity="warning")


@istio_rule("MSH331", "error", DESTINATION_RULE, SIDECAR, aliases=("IST0106",))
def empty_policy(rule: Resource) -> Iterator[Fault]:
    """A policy of traffic without content, or with a number that can be none.

    A trafficPolicy, a connectionPool and each entry of portLevelSettings says something; an entry names its port. No
    limit is negative. One that upgrades to HTTP/2 cannot keep the client's protocol.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy: {connectionPool: {}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy: {connectionPool: {tcp: {maxConnections: 100}}}
    """
    for policy in whole_policies(rule):
        if not any(policy[field] for field in _TOP_FIELDS):
            yield policy.fault("this trafficPolicy says nothing", at_key=True)
        if policy["tunnel"] and policy["proxyProtocol"]:
            yield policy["proxyProtocol"].fault("tunnel and proxyProtocol exclude each other", at_key=True)
        yield from _tunnel(policy["tunnel"])
        for entry in policy["portLevelSettings"]:
            if not entry["port"]:
                yield entry.fault("settings of a port need its number")
            if not any(entry[field] for field in _POLICY_FIELDS):
                yield entry.fault("these settings of a port say nothing")
    pools = [policy["connectionPool"] for policy in policies(rule)]
    pools += [rule.spec["inboundConnectionPool"], *(listener["connectionPool"] for listener in rule.spec["ingress"])]
    for pool in pools:
        if pool:
            yield from _pool(pool)


def _tunnel(tunnel: Node) -> Iterator[Fault]:
    if not tunnel:
        return
    if tunnel["protocol"].text not in ("", "CONNECT", "POST"):
        yield tunnel["protocol"].fault(f'a tunnel is made by CONNECT or POST, not by "{tunnel["protocol"].text}"')
    host, port = tunnel["targetHost"], tunnel["targetPort"]
    if host.text and not is_ip(host.text) and (fault := full_name_fault(host.text)):
        yield host.fault(fault)
    if port.number is not None and (fault := port_fault(port.number)):
        yield port.fault(fault)


def _pool(pool: Node) -> Iterator[Fault]:
    if not pool["http"] and not pool["tcp"]:
        yield pool.fault("this connectionPool says nothing", "give it tcp or http", at_key=True)
    for layer, counts in _COUNTS.items():
        for field in counts:
            count = pool[layer][field]
            if (count.number or 0) < 0:
                yield count.fault(f"{field} cannot be {count.number}")
    http, tcp = pool["http"], pool["tcp"]
    if http["h2UpgradePolicy"].text == "UPGRADE" and http["useClientProtocol"].value is True:
        message = "useClientProtocol keeps what h2UpgradePolicy: UPGRADE changes; keep one"
        yield http["useClientProtocol"].fault(message, at_key=True)
    keepalive = tcp["tcpKeepalive"]
    durations = [
        http["idleTimeout"],
        *(tcp[field] for field in ("connectTimeout", "idleTimeout", "maxConnectionDuration")),
    ]
    for duration in (*durations, keepalive["time"], keepalive["interval"]):
        if duration.text and (fault := precision_fault(duration.text)):
            yield duration.fault(fault)


@istio_rule("MSH332", "error", DESTINATION_RULE, aliases=("IST0106",))
def outlier_detection(rule: Resource) -> Iterator[Fault]:
    """A detection of failing pods that Istio refuses.

    Percentages go from 0 to 100. Failures of the sidecar's own side are counted apart only with
    splitExternalLocalOriginErrors.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy: {outlierDetection: {maxEjectionPercent: 110}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5, maxEjectionPercent: 50}}
    """
    for policy in policies(rule):
        if not (detection := policy["outlierDetection"]):
            continue
        for field in ("maxEjectionPercent", "minHealthPercent"):
            if not 0 <= (detection[field].number or 0) <= 100:
                yield detection[field].fault(f"{detection[field].number} is no percentage from 0 to 100")
        local = detection["consecutiveLocalOriginFailures"]
        if local.number and detection["splitExternalLocalOriginErrors"].value is not True:
            advice = "set splitExternalLocalOriginErrors: true"
            yield local.fault("local failures are not counted apart, so this has no effect", advice, at_key=True)
        for field in ("interval", "baseEjectionTime"):
            if detection[field].text and (fault := precision_fault(detection[field].text)):
                yield detection[field].fault(fault)
