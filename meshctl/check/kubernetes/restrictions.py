"""What the API server asks of objects beyond the types of their fields, by type of the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

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
    one_of,
    only_when,
    shares,
    within,
)
from meshctl.check.kubernetes.forms import (
    ABSOLUTE,
    ADDRESS,
    CONFIG_KEY,
    DOMAIN_PATH,
    HOST,
    LABEL,
    LABEL_VALUE,
    PORT_NAME,
    QUALIFIED,
    RANGE,
    SEGMENT,
    SUBDOMAIN,
    URL_PATH,
    WILDCARD,
)
from meshctl.check.kubernetes.pod_restrictions import POD_RESTRICTIONS
from meshctl.check.kubernetes.quantities import quantity
from meshctl.errors import did_you_mean

_LARGEST_DATA = 1024 * 1024  # bytes of all values together
_RBAC = "rbac.authorization.k8s.io"
_KEYS_OF_SECRETS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_METRICS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_COUNTED = frozenset(
    {"pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims"}
    | {"services.nodeports", "services.loadbalancers"}
)
_MEASURED = frozenset({"cpu", "memory", "storage", "ephemeral-storage"})
_LIMITED = ("Container", "Pod", "PersistentVolumeClaim")


def _in_templates(*fields: str) -> Constraint:
    """What a pod may have, and the template of a workload's pods may not."""

    def constraint(body: Body) -> Iterator[Refusal]:
        spec = _mapping(_mapping(body, "template"), "spec")
        for field in fields:
            if spec.get(field) not in (None, []):
                yield Refusal("together", ("template", "spec", field), "may not be set in a template of pods")

    return constraint


def _deadline(body: Body) -> Iterator[Refusal]:
    deadline, least = body.get("progressDeadlineSeconds", 600), body.get("minReadySeconds", 0)
    if deadline.__class__ is int and least.__class__ is int and deadline <= least:
        yield Refusal("range", ("progressDeadlineSeconds",), f"has to be more than the {least} of minReadySeconds")


def _rolling(default: Any) -> Constraint:
    """Neither may a rollout go on with nothing too many and nothing too few."""

    def constraint(body: Body) -> Iterator[Refusal]:
        surge, unavailable = body.get("maxSurge", default[0]), body.get("maxUnavailable", default[1])
        if surge in (0, "0%") and unavailable in (0, "0%"):
            yield Refusal("together", ("maxUnavailable",), "cannot be 0 beside a maxSurge of 0")

    return constraint


def _daemons(body: Body) -> Iterator[Refusal]:
    surge, unavailable = body.get("maxSurge", 0), body.get("maxUnavailable", 1)
    if surge not in (0, "0%") and unavailable not in (0, "0%"):
        yield Refusal("together", ("maxSurge",), "cannot be beside maxUnavailable", "maxUnavailable: 0")


def _selector(body: Body) -> Iterator[Refusal]:
    """A requirement of a selector of labels."""
    operator, values = body.get("operator"), body.get("values")
    if operator in ("In", "NotIn") and not values:
        yield Refusal("empty", ("values",), f"are needed for {operator}")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield Refusal("together", ("values",), f"cannot be beside the operator {operator}", "take them out")


def _service(body: Body) -> Iterator[Refusal]:
    kind = body.get("type") or "ClusterIP"
    if kind == "ExternalName":
        yield from needed("externalName")(body)
        yield from formed(SUBDOMAIN, "externalName")(body)
    if body.get("clusterIP") == "None" and kind in ("NodePort", "LoadBalancer"):
        yield Refusal("together", ("clusterIP",), f"cannot be None for the type {kind}")
    addresses = _list(body, "clusterIPs")
    if addresses and addresses[0] != body.get("clusterIP"):
        yield Refusal("together", ("clusterIPs",), "has to begin with what clusterIP is")


def _node_ports(body: Body) -> Iterator[Refusal]:
    taken: set[Any] = set()
    for index, port in enumerate(_list(body, "ports")):
        number = port.get("nodePort") if port.__class__ is dict else None
        if not number:
            continue
        steps = ("ports", index, "nodePort")
        if body.get("type") in (None, "", "ClusterIP"):
            yield Refusal("together", steps, "may not be set when type is ClusterIP", "type: NodePort")
        if (number, port.get("protocol")) in taken:
            yield Refusal("together", steps, f"is {number} a second time")
        taken.add((number, port.get("protocol")))


def _addresses(body: Body) -> Iterator[Refusal]:
    for field, address in ((("clusterIP",), body.get("clusterIP")), *_items(body, "clusterIPs")):
        if isinstance(address, str) and address not in ("", "None") and not ADDRESS.fits(address):
            yield Refusal("form", field, f'has to be {ADDRESS.title} or None, not "{address}"')
    for steps, address in _items(body, "externalIPs"):
        if isinstance(address, str) and (address.startswith("127.") or address == "::1"):
            yield Refusal("form", steps, f"cannot be {address}, which is every machine itself")


def _backend(body: Body) -> Iterator[Refusal]:
    yield from one_of("service", "resource")(body)


def _backend_port(body: Body) -> Iterator[Refusal]:
    port = _mapping(body, "port")
    named = [field for field in ("name", "number") if port.get(field)]
    if not named:
        yield Refusal("together", ("port",), "needs name or number")
    elif len(named) > 1:
        yield Refusal("together", ("port", "number"), "cannot be beside name", "keep one of them")


def _ingress(body: Body) -> Iterator[Refusal]:
    if not body.get("defaultBackend") and not body.get("rules"):
        yield Refusal("together", ("rules",), "are needed where there is no defaultBackend")


def _ingress_path(body: Body) -> Iterator[Refusal]:
    """What is not judged by the controller alone is told by another rule too, but for its form."""
    if body.get("pathType") == "ImplementationSpecific":
        yield from formed(ABSOLUTE, "path")(body)
    elif "//" not in str(body.get("path")):
        yield from formed(URL_PATH, "path")(body)


def _peer(body: Body) -> Iterator[Refusal]:
    selectors = [field for field in ("podSelector", "namespaceSelector") if body.get(field) is not None]
    if body.get("ipBlock") is not None and selectors:
        yield Refusal("together", ("ipBlock",), f"cannot be beside {selectors[0]}", "make two entries of it")
    elif body.get("ipBlock") is None and not selectors:
        yield Refusal("together", (), "needs podSelector, namespaceSelector or ipBlock")


def _block(body: Body) -> Iterator[Refusal]:
    whole = body.get("cidr")
    for steps, part in _items(body, "except"):
        if isinstance(whole, str) and isinstance(part, str) and RANGE.fits(whole) and RANGE.fits(part):
            outer, inner = ip_network(whole, strict=False), ip_network(part, strict=False)
            inside = outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]
            if not inside or inner == outer:
                yield Refusal("range", steps, f"has to be inside of {whole}, not {part}")


def _policy_port(body: Body) -> Iterator[Refusal]:
    port, end = body.get("port"), body.get("endPort")
    if port.__class__ is int:
        yield from within(1, 65535, "port")(body)
    else:
        yield from formed(PORT_NAME, "port")(body)
    if end is None:
        return
    if port.__class__ is not int:
        yield Refusal("together", ("endPort",), "may only be set beside a port that is a number")
    elif end.__class__ is int and end < port:
        yield Refusal("range", ("endPort",), f"has to be at least the port {port}, not {end}")


def _endpoints(body: Body) -> Iterator[Refusal]:
    form = {"IPv4": ADDRESS, "IPv6": ADDRESS, "FQDN": SUBDOMAIN}.get(str(body.get("addressType")))
    for index, endpoint in enumerate(_list(body, "endpoints")):
        if form and endpoint.__class__ is dict:
            for refusal in formed(form, "addresses")(endpoint):
                yield refusal._replace(steps=("endpoints", index, *refusal.steps))


def _time_zone(body: Body) -> Iterator[Refusal]:
    zone, known = body.get("timeZone"), available_timezones()
    if isinstance(zone, str) and zone and (zone.lower() == "local" or (known and zone not in known)):
        advice = did_you_mean(zone, known) or "one of IANA's, like Europe/Berlin"
        yield Refusal("choice", ("timeZone",), f'has to be a time zone, not "{zone}"', advice)


def _job(body: Body) -> Iterator[Refusal]:
    restart = _mapping(_mapping(body, "template"), "spec").get("restartPolicy")
    if body.get("podFailurePolicy") is not None and restart != "Never":
        steps = ("template", "spec", "restartPolicy")
        yield Refusal("together", steps, "has to be Never beside podFailurePolicy")
    if body.get("selector") is not None and body.get("manualSelector") is not True:
        yield Refusal("together", ("selector",), "is made by the server", "take it out")
    labels = _mapping(_mapping(_mapping(body, "template"), "metadata"), "labels")
    wanted = _mapping(_mapping(body, "selector"), "matchLabels")
    if body.get("manualSelector") is True and not wanted.items() <= labels.items():
        yield Refusal("together", ("selector",), "does not select the pods of the template")


def _autoscaler(body: Body) -> Iterator[Refusal]:
    kinds = {metric.get("type") for metric in _list(body, "metrics") if metric.__class__ is dict}
    if body.get("minReplicas") == 0 and not kinds & {"Object", "External"}:
        yield Refusal("range", ("minReplicas",), "can be 0 only with a metric of type Object or External")


def _metric(body: Body) -> Iterator[Refusal]:
    source = _METRICS.get(str(body.get("type")))
    if source is None:
        return
    if body.get(source) is None:
        yield Refusal("together", (source,), f"is needed when type is {body['type']}")
    for other in _METRICS.values():
        if other != source and body.get(other) is not None:
            yield Refusal("together", (other,), f"cannot be there when type is {body['type']}")


def _target(*kinds: str, exclusive: bool = True) -> Constraint:
    """What a metric is to be; each kind of target has a field of its own."""
    fields = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}

    def constraint(body: Body) -> Iterator[Refusal]:
        target = _mapping(body, "target")
        wanted = [fields[kind] for kind in kinds]
        given = [field for field in wanted if target.get(field) is not None]
        if not given:
            yield Refusal("together", ("target",), f"needs {' or '.join(wanted)}")
        for other in given[1:] if exclusive else ():
            yield Refusal("together", ("target", other), f"cannot be beside {given[0]}", "keep one of them")

    return constraint


def _data(body: Body) -> Iterator[Refusal]:
    """Of a ConfigMap: keys once, and not too much."""
    texts, bytes_ = _mapping(body, "data"), _mapping(body, "binaryData")
    for key in texts.keys() & bytes_.keys():
        yield Refusal("together", ("data", key), "is in binaryData too", "keep one of them")
    size = sum(len(str(value).encode()) for value in texts.values())
    size += sum(len(str(value)) * 3 // 4 for value in bytes_.values())
    if size > _LARGEST_DATA:
        yield Refusal("range", ("data",), f"has {size // 1024} KiB, and at most {_LARGEST_DATA // 1024} are taken")


def _secret(body: Body) -> Iterator[Refusal]:
    """The keys that its type wants, and not too much."""
    data, texts = _mapping(body, "data"), _mapping(body, "stringData")
    kind = str(body.get("type") or "")
    for key in _KEYS_OF_SECRETS.get(kind, ()):
        if key not in data and key not in texts:
            yield Refusal("together", ("type",), f"{kind} wants the key {key}")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & (data.keys() | texts.keys()):
        yield Refusal("together", ("type",), f"{kind} wants the key username or password")
    annotations = _mapping(_mapping(body, "metadata"), "annotations")
    if kind == "kubernetes.io/service-account-token" and not annotations.get("kubernetes.io/service-account.name"):
        yield Refusal("together", ("type",), f"{kind} wants the annotation kubernetes.io/service-account.name")
    size = sum(len(str(value).encode()) for value in texts.values())
    size += sum(len(str(value)) * 3 // 4 for value in data.values())
    if size > _LARGEST_DATA:
        yield Refusal("range", ("data",), f"has {size // 1024} KiB, and at most {_LARGEST_DATA // 1024} are taken")


def _role(body: Body) -> Iterator[Refusal]:
    for index, rule in enumerate(_list(body, "rules")):
        if rule.__class__ is dict and rule.get("nonResourceURLs"):
            yield Refusal("together", ("rules", index, "nonResourceURLs"), "are for a ClusterRole")


def _permission(body: Body) -> Iterator[Refusal]:
    yield from needed("verbs")(body)
    if not body.get("nonResourceURLs"):
        yield from needed("apiGroups", "resources")(body)
    elif body.get("resources") or body.get("apiGroups"):
        yield Refusal("together", ("nonResourceURLs",), "cannot be beside resources", "make two rules of it")


def _subject(body: Body) -> Iterator[Refusal]:
    kind, group = body.get("kind"), body.get("apiGroup")
    if kind == "ServiceAccount":
        yield from formed(SUBDOMAIN, "name")(body)
        if group:
            yield Refusal("choice", ("apiGroup",), "has to be empty for a ServiceAccount", "take it out")
    elif kind in ("User", "Group") and group not in (None, "", _RBAC):
        yield Refusal("choice", ("apiGroup",), f'has to be {_RBAC}, not "{group}"')


def _quota(body: Body) -> Iterator[Refusal]:
    for name, value in _mapping(body, "hard").items():
        if not _is_counted(name):
            yield Refusal("form", ("hard", name), "is nothing that a quota counts", "count/RESOURCE.GROUP counts any")
        elif (name in _COUNTED or name.startswith("count/")) and (amount := quantity(value)) is not None and amount % 1:
            yield Refusal("range", ("hard", name), f"has to be a whole number, not {value}")
    scopes = {scope for scope in _list(body, "scopes") if isinstance(scope, str)}
    for one, other in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if {one, other} <= scopes:
            yield Refusal("together", ("scopes",), f"has {one} and {other}, which nothing is")


def _is_counted(name: str) -> bool:
    bare = name.removeprefix("requests.").removeprefix("limits.")
    return "/" in name or name in _COUNTED or bare in _MEASURED or bare.startswith("hugepages-")


def _order(body: Body) -> Iterator[Refusal]:
    """Of a LimitRange: the least, what is asked for by default, the default limit and the most, in this order."""
    order = ("min", "defaultRequest", "default", "max")
    names = dict.fromkeys(name for field in order for name in _mapping(body, field))
    for name in names:
        known = [(field, quantity(_mapping(body, field).get(name))) for field in order]
        given = [(field, amount) for field, amount in known if amount is not None]
        for (lower, less), (upper, more) in pairwise(given):
            if less > more:
                yield Refusal("range", (lower, name), f"has to be at most that of {upper}")


def _range(body: Body) -> Iterator[Refusal]:
    kind = body.get("type")
    if isinstance(kind, str) and kind not in _LIMITED and not DOMAIN_PATH.fits(kind):
        yield Refusal("choice", ("type",), f'has to be {", ".join(_LIMITED[:-1])} or {_LIMITED[-1]}, not "{kind}"')
    if kind == "Pod":
        for field in ("default", "defaultRequest"):
            if body.get(field):
                yield Refusal("together", (field,), "may not be set when type is Pod")
    if kind == "PersistentVolumeClaim" and not {"storage"} & (
        _mapping(body, "min").keys() | _mapping(body, "max").keys()
    ):
        yield Refusal("together", (), "needs min or max of storage")
    for name, value in _mapping(body, "maxLimitRequestRatio").items():
        ratio = quantity(value)
        if ratio is not None and ratio < 1:
            yield Refusal("range", ("maxLimitRequestRatio", name), f"has to be at least 1, not {value}")


def _limits(body: Body) -> Iterator[Refusal]:
    seen: set[str] = set()
    for index, limit in enumerate(_list(body, "limits")):
        kind = limit.get("type") if limit.__class__ is dict else None
        if isinstance(kind, str):
            if kind in seen:
                yield Refusal("together", ("limits", index, "type"), f"is {kind} a second time", "join the two")
            seen.add(kind)


def _mapping(body: Any, field: str) -> Mapping[str, Any]:
    value = body.get(field) if body.__class__ is dict else None
    return value if value.__class__ is dict else {}


def _list(body: Any, field: str) -> list[Any]:
    value = body.get(field) if body.__class__ is dict else None
    return value if value.__class__ is list else []


def _items(body: Body, field: str) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield from (((field, index), item) for index, item in enumerate(_list(body, field)))


_WORKLOAD = (
    _in_templates("activeDeadlineSeconds", "ephemeralContainers"),
    within(0, None, "replicas", "minReadySeconds"),
)
_HISTORY = within(0, None, "revisionHistoryLimit")
_SCALING = (
    within(0, 3600, "stabilizationWindowSeconds"),
    among("selectPolicy", "Max", "Min", "Disabled"),
)

RESTRICTIONS: Mapping[str, tuple[Constraint, ...]] = {
    **POD_RESTRICTIONS,
    "meta.v1.OwnerReference": (filled("uid", "name", "kind", "apiVersion"),),
    "meta.v1.LabelSelector": (keyed(QUALIFIED, "matchLabels"), formed(LABEL_VALUE, "matchLabels")),
    "meta.v1.LabelSelectorRequirement": (
        _selector,
        filled("key"),
        formed(QUALIFIED, "key"),
        formed(LABEL_VALUE, "values"),
        among("operator", "In", "NotIn", "Exists", "DoesNotExist"),
    ),
    "apps.v1.DeploymentSpec": (*_WORKLOAD, _HISTORY, _deadline),
    "apps.v1.DeploymentStrategy": (only_when("rollingUpdate", "type", "RollingUpdate", unset="RollingUpdate"),),
    "apps.v1.RollingUpdateDeployment": (
        shares("maxSurge", most=None),
        shares("maxUnavailable"),
        _rolling(("25%", "25%")),
    ),
    "apps.v1.StatefulSetSpec": (*_WORKLOAD, formed(LABEL, "serviceName")),
    "apps.v1.StatefulSetUpdateStrategy": (only_when("rollingUpdate", "type", "RollingUpdate", unset="RollingUpdate"),),
    "apps.v1.RollingUpdateStatefulSetStrategy": (within(0, None, "partition"), shares("maxUnavailable")),
    "apps.v1.StatefulSetOrdinals": (within(0, None, "start"),),
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": (
        among("whenDeleted", "Retain", "Delete"),
        among("whenScaled", "Retain", "Delete"),
    ),
    "apps.v1.DaemonSetSpec": (*_WORKLOAD, _HISTORY),
    "apps.v1.RollingUpdateDaemonSet": (shares("maxSurge", "maxUnavailable"), _rolling((0, 1)), _daemons),
    "apps.v1.ReplicaSetSpec": _WORKLOAD,
    "batch.v1.JobSpec": (
        _job,
        _in_templates("ephemeralContainers"),
        within(
            0, None, "parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished", "activeDeadlineSeconds"
        ),
        only_when("backoffLimitPerIndex", "completionMode", "Indexed", unset="NonIndexed"),
        only_when("successPolicy", "completionMode", "Indexed", unset="NonIndexed"),
        formed(DOMAIN_PATH, "managedBy"),
    ),
    "batch.v1.CronJobSpec": (
        _time_zone,
        filled("schedule", "timeZone"),
        within(0, None, "successfulJobsHistoryLimit", "failedJobsHistoryLimit", "startingDeadlineSeconds"),
    ),
    "core.v1.ServiceSpec": (
        _service,
        _node_ports,
        _addresses,
        within(0, 65535, "healthCheckNodePort"),
        formed(QUALIFIED, "loadBalancerClass"),
        formed(ADDRESS, "externalIPs"),
        formed(RANGE, "loadBalancerSourceRanges"),
        only_when("externalTrafficPolicy", "type", "NodePort", "LoadBalancer", unset="ClusterIP"),
        only_when("loadBalancerSourceRanges", "type", "LoadBalancer", unset="ClusterIP"),
        only_when("loadBalancerClass", "type", "LoadBalancer", unset="ClusterIP"),
        only_when("allocateLoadBalancerNodePorts", "type", "LoadBalancer", unset="ClusterIP"),
        only_when("healthCheckNodePort", "externalTrafficPolicy", "Local", unset="Cluster"),
        among("trafficDistribution", "PreferClose", "PreferSameZone", "PreferSameNode"),
    ),
    "core.v1.ServicePort": (formed(LABEL, "name"), formed(PORT_NAME, "targetPort"), formed(QUALIFIED, "appProtocol")),
    "core.v1.ClientIPConfig": (within(1, 86400, "timeoutSeconds"),),
    "core.v1.ConfigMap": (_data, keyed(CONFIG_KEY, "data", "binaryData")),
    "core.v1.Secret": (_secret, keyed(CONFIG_KEY, "data", "stringData")),
    "core.v1.ResourceQuotaSpec": (amounts(0, "hard"), _quota),
    "core.v1.LimitRangeSpec": (_limits,),
    "core.v1.LimitRangeItem": (_range, _order),
    "networking.v1.IngressSpec": (_ingress, formed(SUBDOMAIN, "ingressClassName")),
    "networking.v1.IngressRule": (formed(HOST, "host"),),
    "networking.v1.HTTPIngressRuleValue": (filled("paths"),),
    "networking.v1.HTTPIngressPath": (_ingress_path,),
    "networking.v1.IngressBackend": (_backend,),
    "networking.v1.IngressServiceBackend": (_backend_port, formed(LABEL, "name"), filled("name")),
    "networking.v1.IngressTLS": (formed(WILDCARD, "hosts"), formed(SUBDOMAIN, "secretName")),
    "networking.v1.IngressClassSpec": (formed(DOMAIN_PATH, "controller"),),
    "networking.v1.ServiceBackendPort": (within(0, 65535, "number"), formed(PORT_NAME, "name")),
    "networking.v1.NetworkPolicyPeer": (_peer,),
    "networking.v1.NetworkPolicyPort": (_policy_port, within(1, 65535, "endPort")),
    "networking.v1.IPBlock": (_block, formed(RANGE, "cidr", "except")),
    "networking.v1.NetworkPolicySpec": (at_most(2, "policyTypes"),),
    "policy.v1.PodDisruptionBudgetSpec": (shares("minAvailable", "maxUnavailable"),),
    "autoscaling.v2.HorizontalPodAutoscalerSpec": (
        _autoscaler,
        within(1, None, "maxReplicas"),
        within(0, None, "minReplicas"),
    ),
    "autoscaling.v2.CrossVersionObjectReference": (formed(SEGMENT, "kind", "name"), filled("kind", "name")),
    "autoscaling.v2.MetricSpec": (_metric, filled("type"), among("type", *_METRICS)),
    "autoscaling.v2.MetricTarget": (
        filled("type"),
        among("type", "Utilization", "Value", "AverageValue"),
        within(1, None, "averageUtilization"),
        amounts(0, "value", "averageValue", above=True),
    ),
    "autoscaling.v2.MetricIdentifier": (filled("name"), formed(SEGMENT, "name")),
    "autoscaling.v2.ResourceMetricSource": (filled("name"), _target("Utilization", "AverageValue")),
    "autoscaling.v2.ContainerResourceMetricSource": (
        filled("name", "container"),
        _target("Utilization", "AverageValue"),
    ),
    "autoscaling.v2.PodsMetricSource": (_target("AverageValue"),),
    "autoscaling.v2.ObjectMetricSource": (_target("Value", "AverageValue", exclusive=False),),
    "autoscaling.v2.ExternalMetricSource": (_target("Value", "AverageValue"),),
    "autoscaling.v2.HPAScalingRules": (*_SCALING, filled("policies")),
    "autoscaling.v2.HPAScalingPolicy": (
        among("type", "Pods", "Percent"),
        within(1, None, "value"),
        within(1, 1800, "periodSeconds"),
    ),
    "discovery.v1.EndpointSlice": (_endpoints,),
    "rbac.v1.Role": (_role,),
    "rbac.v1.PolicyRule": (_permission,),
    "rbac.v1.Subject": (_subject, among("kind", "ServiceAccount", "User", "Group"), filled("name")),
    "rbac.v1.RoleRef": (
        among("kind", "Role", "ClusterRole"),
        among("apiGroup", _RBAC),
        filled("name"),
        formed(SEGMENT, "name"),
    ),
    "scheduling.v1.PriorityClass": (within(-(2**31), 10**9, "value"),),
}
