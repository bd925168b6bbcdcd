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


@object_rule("MSH285", "error")
def out_of_range(resource: Resource) -> Iterator[Fault]:
    """A number, a quantity or a share that is too small or too large.

    The API server refuses the object.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", readinessProbe: {tcpSocket: {port: 80}, periodSeconds: -5}}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 5}}]
    """
    return _faults(resource, "range")


@object_rule("MSH286", "error")
def wrong_form(resource: Resource) -> Iterator[Fault]:
    """A text of another form than the field takes.

    Names, labels, addresses, paths and keys have a form of their own each, and the API server refuses others.

        # bad
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {"log level": info}
        # good
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {log-level: info}
    """
    return _faults(resource, "form")


@object_rule("MSH287", "error")
def wrong_together(resource: Resource) -> Iterator[Fault]:
    """Fields that exclude each other, or one that another makes necessary.

    The API server refuses the object: it would have to guess which of the two is meant.

        # bad
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          strategy: {type: Recreate}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
    """
    return _faults(resource, "together")


@object_rule("MSH288", "error")
def empty_value(resource: Resource) -> Iterator[Fault]:
    """Nothing where there has to be something.

    A list without entries, an empty text, a name that is left out: the API server refuses the object.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: []}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    return _faults(resource, "empty")
