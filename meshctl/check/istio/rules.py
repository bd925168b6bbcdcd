"""Rules of single objects of Istio, which leave to the schema what the schema finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from weakref import WeakKeyDictionary

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.reference import schema_of
from meshctl.check.istio.structural import faults, with_defaults
from meshctl.check.resource import Resource
from meshctl.check.rules import Rule, object_rule
from meshctl.yamlio import Path

Function = Callable[[Resource], Iterator[Fault]]

_FAULTS: WeakKeyDictionary[Resource, tuple[Fault, ...]] = WeakKeyDictionary()


def istio_rule(code: str, severity: Severity, *kinds: str, aliases: Sequence[str] = ()) -> Callable[[Function], Rule]:
    """An `object_rule` that says nothing of a value which the schema refuses already: one fault, one finding."""

    def register(function: Function) -> Rule:
        @wraps(function)
        def beyond_the_schema(resource: Resource) -> Iterator[Fault]:
            return (fault for fault in function(resource) if not _is_refused(resource, fault.path))

        return object_rule(code, severity, *kinds, aliases=aliases)(beyond_the_schema)

    return register


def schema_faults(resource: Resource) -> tuple[Fault, ...]:
    """What the schema of its kind says of an object, found once; nothing for a kind without one."""
    if resource not in _FAULTS:
        _FAULTS[resource] = tuple(_faults(resource))
    return _FAULTS[resource]


def _faults(resource: Resource) -> Iterator[Fault]:
    schema = schema_of(resource.ref.api_version, resource.ref.kind)
    if schema is None:
        return
    if resource.spec:
        spec = resource.spec.value
        yield from faults(
            schema["spec"], with_defaults(schema["spec"], spec) if schema["defaults"] else spec, ("spec",)
        )
    elif schema["required"]:
        yield Fault("spec is missing")


def _is_refused(resource: Resource, path: Path) -> bool:
    """Whether the schema refuses the very value at a path."""
    return any(fault.path == path for fault in schema_faults(resource) if not fault.at_key)
