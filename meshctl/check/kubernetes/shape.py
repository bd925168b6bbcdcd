"""What the API server's own schema refuses."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.kubernetes.schema import Ill, deviations
from meshctl.check.resource import Resource
from meshctl.check.rules import object_rule


def _faults(resource: Resource, ill: Ill) -> Iterator[Fault]:
    for each in deviations(resource):
        if each.ill == ill:
            yield Fault(each.message, each.path, each.suggestion, each.at_key)


@object_rule("MSH201", "error")
def unknown_field(resource: Resource) -> Iterator[Fault]:
    """A field that the kind does not have.

    The API server drops it in silence or, as meshctl asks it to, refuses the object. It is mistyped, or indented too
    little or too much.

        # bad
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replcas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
    """
    return _faults(resource, "unknown")


@object_rule("MSH202", "error")
def wrong_type(resource: Resource) -> Iterator[Fault]:
    """A value of another type than the field has.

    Labels, annotations, environment variables and the data of a ConfigMap are texts: numbers, `true` and `on` need
    quotes there. Ports and replicas are numbers: quotes make texts of them.

        # bad
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {PORT: 8080, DEBUG: true}
        # good
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {PORT: "8080", DEBUG: "true"}
    """
    return _faults(resource, "type")


@object_rule("MSH203", "error")
def missing_field(resource: Resource) -> Iterator[Fault]:
    """A field that the kind requires is not there.

    The API server refuses the object.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{image: "web:1"}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1"}]
    """
    return _faults(resource, "missing")


@object_rule("MSH204", "error")
def no_choice(resource: Resource) -> Iterator[Fault]:
    """A text that is none of those that the field takes.

    Case counts: `always` is not `Always`.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          restartPolicy: always
          containers: [{name: web, image: "web:1"}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          restartPolicy: Always
          containers: [{name: web, image: "web:1"}]
    """
    return _faults(resource, "choice")


@object_rule("MSH205", "error", aliases=("duplicate-env-var",))
def repeated_key(resource: Resource) -> Iterator[Fault]:
    """Two entries of a list have the same key.

    Environment variables are told apart by their names, ports by number and protocol, mounts by their paths, volumes
    and containers by their names. Server-side apply refuses a list in which two are the same.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            env: [{name: MODE, value: a}, {name: MODE, value: b}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            env: [{name: MODE, value: b}]
    """
    return _faults(resource, "repeated")
