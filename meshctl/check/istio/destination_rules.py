"""Rules of a DestinationRule by itself."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import DESTINATION_RULE, SIDECAR
from meshctl.check.istio.names import full_name_fault, host_fault, is_ip
from meshctl.check.istio.values import labels, port_fault, precision_fault, subset_name_fault
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import object_rule

_MAGLEV_LIMIT = 5000011  # Envoy's largest table
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
_TOPOLOGY = frozenset({"topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"})


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


@object_rule("MSH330", "error", DESTINATION_RULE, aliases=("IST0106", "KIA0209"))
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


@object_rule("MSH331", "error", DESTINATION_RULE, SIDECAR, aliases=("IST0106",))
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


@object_rule("MSH332", "error", DESTINATION_RULE, aliases=("IST0106",))
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


@object_rule("MSH333", "error", DESTINATION_RULE, aliases=("IST0106",))
def consistent_hash(rule: Resource) -> Iterator[Fault]:
    """A hash for session affinity that Istio refuses.

    A cookie needs a name. The size of Maglev's table is a prime number below 5000011.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 1000}}}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 1009}}}}
    """
    for policy in policies(rule):
        if not (hashed := policy["loadBalancer"]["consistentHash"]):
            continue
        cookie, maglev, ring = hashed["httpCookie"], hashed["maglev"], hashed["minimumRingSize"]
        if cookie and not cookie["name"].text:
            yield cookie.fault("the cookie of a hash needs a name")
        if ring.number and (maglev or hashed["ringHash"]):
            yield ring.fault("minimumRingSize is the old form of ringHash; keep one", at_key=True)
        size = maglev["tableSize"]
        if maglev and (size.number is None or not 0 < size.number < _MAGLEV_LIMIT or not _is_prime(size.number)):
            shown = "nothing" if size.number is None else size.number
            yield (size or maglev).fault(f"tableSize is a prime number below {_MAGLEV_LIMIT}, not {shown}")


def _is_prime(number: int) -> bool:
    if number < 4:
        return number > 0
    return number % 2 == 1 and all(number % factor for factor in range(3, int(number**0.5) + 1, 2))


@object_rule("MSH334", "error", DESTINATION_RULE, aliases=("IST0106", "IST0133"))
def locality(rule: Resource) -> Iterator[Fault]:
    """A preference of regions that Istio refuses.

    Requests are distributed by weight, which add up to 100 for each origin, or fail over from one region to another,
    not both. Failing over needs outlierDetection, for without it nobody notices that a region fails.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy:
            loadBalancer: {localityLbSetting: {distribute: [{from: eu/*, to: {eu/*: 80, us/*: 10}}]}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy:
            loadBalancer: {localityLbSetting: {distribute: [{from: eu/*, to: {eu/*: 80, us/*: 20}}]}}
    """
    for policy in policies(rule):
        setting = policy["loadBalancer"]["localityLbSetting"]
        if not setting:
            continue
        distribute, failover, priority = setting["distribute"], setting["failover"], setting["failoverPriority"]
        if distribute.value and failover.value:
            yield failover.fault("distribute and failover exclude each other", at_key=True)
        if failover.value and _TOPOLOGY & {item.text for item in priority}:
            yield priority.fault("failover and labels of topology exclude each other", at_key=True)
        if (failover.value or priority.value) and not policy["outlierDetection"]:
            message = "without outlierDetection nobody notices that a region fails"
            yield setting.fault(message, "add outlierDetection", at_key=True, severity="warning")
        yield from _distribution(distribute)
        yield from _failovers(failover)


def _distribution(distribute: Node) -> Iterator[Fault]:
    yield from _localities([(entry["from"], entry["from"].text) for entry in distribute])
    for entry in distribute:
        shares = list(entry["to"].children())
        yield from _localities([(share, place) for place, share in shares])
        numbers = [share.number or 0 for _, share in shares]
        for _, share in shares:
            if not 0 < (share.number or 0) <= 100:
                yield share.fault(f"the weight of a locality is from 1 to 100, not {share.number}")
        if sum(numbers) != 100:
            yield entry["to"].fault(f"these weights add up to {sum(numbers)}, not to 100")


def _localities(places: list[tuple[Node, str]]) -> Iterator[Fault]:
    """Places `region/zone/subzone`, each a `*` at its end at most, none within another."""
    seen: list[tuple[str, ...]] = []
    for node, place in places:
        parts = tuple(place.split("/", 2))
        if not all(parts) or place.count("*") > 1 or ("*" in place and not place.endswith("*")):
            yield node.fault(f'"{place}" is no region, region/zone or region/zone/subzone')
            continue
        stem = parts[:-1] if parts[-1] == "*" else parts
        if any(stem[: len(other)] == other or other[: len(stem)] == stem for other in seen):
            yield node.fault(f'"{place}" overlaps with a locality before it')
        seen.append(stem)


def _failovers(failover: Node) -> Iterator[Fault]:
    for entry in failover:
        origin, target = entry["from"].text, entry["to"].text
        if origin == target:
            yield entry.fault(f'it fails over from "{origin}" to itself')
        for place in (origin, target):
            if "/" in place or "*" in place:
                yield entry.fault(f'failover is from region to region; "{place}" is none')


@object_rule("MSH335", "error", DESTINATION_RULE, aliases=("IST0106",))
def client_tls(rule: Resource) -> Iterator[Fault]:
    """Settings of TLS to a host that contradict each other.

    MUTUAL needs a certificate and its key, from files or from a Secret (credentialName), not from both. Who skips the
    verification of the server has nothing to verify it by.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: db}
        spec:
          host: db.example.com
          trafficPolicy: {tls: {mode: MUTUAL, caCertificates: /etc/ca.pem}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: db}
        spec:
          host: db.example.com
          trafficPolicy:
            tls: {mode: MUTUAL, clientCertificate: /etc/me.pem, privateKey: /etc/me.key, caCertificates: /etc/ca.pem}
    """
    for policy in policies(rule):
        tls = policy["tls"]
        mode, secret = tls["mode"].text, tls["credentialName"]
        if mode not in ("SIMPLE", "MUTUAL"):
            continue
        if tls["insecureSkipVerify"].value is True:
            yield from _unverified(tls, mode)
        if secret.text:
            for field in ("clientCertificate", "privateKey", "caCertificates", "caCrl"):
                if tls[field].text:
                    yield tls[field].fault(f"{field} and credentialName exclude each other", at_key=True)
        elif mode == "MUTUAL":
            for field in ("clientCertificate", "privateKey"):
                if not tls[field].text:
                    yield tls.fault(f"MUTUAL needs {field}, or credentialName")


def _unverified(tls: Node, mode: str) -> Iterator[Fault]:
    fields = (
        ("caCertificates", "subjectAltNames", "credentialName")
        if mode == "SIMPLE"
        else ("caCertificates", "subjectAltNames")
    )
    for field in fields:
        if tls[field].value:
            yield tls[field].fault(f"insecureSkipVerify verifies nothing, so {field} has no place", at_key=True)
