"""How a DestinationRule shares requests out among pods."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.destination_rules import policies
from meshctl.check.istio.kinds import DESTINATION_RULE
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import precision_fault
from meshctl.check.node import Node
from meshctl.check.resource import Resource

_MAGLEV_LIMIT = 5000011  # Envoy's largest table


_TOPOLOGY = frozenset({"topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"})


@istio_rule("MSH333", "error", DESTINATION_RULE, aliases=("IST0106",))
def hash_and_warmup(rule: Resource) -> Iterator[Fault]:
    """A hash for session affinity, or a warm-up of new pods, that Istio refuses.

    A cookie needs a name. The size of Maglev's table is a prime number below 5000011. A pod is warmed up for whole
    milliseconds, with an aggression of 1 or more.

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
        yield from _hash(policy["loadBalancer"]["consistentHash"])
        yield from _warmup(policy["loadBalancer"]["warmup"])


def _hash(hashed: Node) -> Iterator[Fault]:
    cookie, maglev, ring = hashed["httpCookie"], hashed["maglev"], hashed["minimumRingSize"]
    if cookie and not cookie["name"].text:
        yield cookie.fault("the cookie of a hash needs a name")
    if ring.number and (maglev or hashed["ringHash"]):
        yield ring.fault("minimumRingSize is the old form of ringHash; keep one", at_key=True)
    size = maglev["tableSize"]
    if maglev and (size.number is None or not 0 < size.number < _MAGLEV_LIMIT or not _is_prime(size.number)):
        shown = "nothing" if size.number is None else size.number
        yield (size or maglev).fault(f"tableSize is a prime number below {_MAGLEV_LIMIT}, not {shown}")


def _warmup(warmup: Node) -> Iterator[Fault]:
    duration, aggression = warmup["duration"], warmup["aggression"]
    if fault := precision_fault(duration.text):
        yield duration.fault(fault)
    if aggression.value.__class__ in (int, float) and aggression.value < 1:
        yield aggression.fault(f"aggression is 1 or more, not {aggression.value:g}")


def _is_prime(number: int) -> bool:
    if number < 4:
        return number > 0
    return number % 2 == 1 and all(number % factor for factor in range(3, int(number**0.5) + 1, 2))


@istio_rule("MSH334", "error", DESTINATION_RULE, aliases=("IST0106", "IST0133"))
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
