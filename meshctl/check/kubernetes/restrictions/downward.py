"""What the API server asks of the fields of a pod that are given to its containers, as variables or as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshctl.check.kubernetes.forms import BELOW
from meshctl.check.kubernetes.quantities import quantity
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    filled,
    formed,
    inside,
    one_of,
    within,
)

_MEASURED = ("cpu", "memory", "ephemeral-storage")
_OF_VARIABLES = (
    *("metadata.name", "metadata.namespace", "metadata.uid"),
    *("spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_OF_FILES = ("metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations")
_BY_KEY = ("metadata.labels['", "metadata.annotations['")


def _field(*known: str) -> Constraint:
    """A variable has no room for all labels; a file has."""

    def constraint(body: Body) -> Iterator[Refusal]:
        path = body.get("fieldPath")
        by_key = isinstance(path, str) and path.startswith(_BY_KEY) and path.endswith("']")
        if isinstance(path, str) and path not in known and not by_key:
            yield Refusal("choice", ("fieldPath",), f'has no field "{path}" to give', f"there are {', '.join(known)}")

    return constraint


def _resource(body: Body) -> Iterator[Refusal]:
    resource = body.get("resource")
    if not isinstance(resource, str):
        return
    which, _, name = resource.partition(".")
    if which not in ("limits", "requests") or not (name in _MEASURED or name.startswith("hugepages-")):
        yield Refusal("choice", ("resource",), f'has no resource "{resource}" to give', "limits.cpu, for one")
        return
    divisor = quantity(body.get("divisor"))
    if divisor is not None and divisor != 0 and name == "cpu" and str(body["divisor"]) not in ("1", "1m"):
        yield Refusal("range", ("divisor",), f"has to be 1 or 1m for cpu, not {body['divisor']}")


def _container(body: Body) -> Iterator[Refusal]:
    if body and not body.get("containerName"):
        yield Refusal("empty", ("containerName",), "is needed in a file")


DOWNWARD: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.ObjectFieldSelector": (among("apiVersion", "v1"),),
    "core.v1.ResourceFieldSelector": (_resource,),
    "core.v1.EnvVarSource": (
        one_of("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"),
        inside("fieldRef", _field(*_OF_VARIABLES)),
    ),
    "core.v1.DownwardAPIVolumeFile": (
        one_of("fieldRef", "resourceFieldRef"),
        inside("fieldRef", _field(*_OF_FILES)),
        inside("resourceFieldRef", _container),
        filled("path"),
        formed(BELOW, "path"),
        within(0, 0o777, "mode"),
    ),
}
