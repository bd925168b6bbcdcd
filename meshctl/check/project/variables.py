"""Variables that nobody reads, or that say nothing new."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.project.facts import ProjectFacts
from meshctl.check.rules import project_rule
from meshctl.templating import is_templated

_NAMESPACE = "namespace"  # meshctl reads it itself


@project_rule("MSH411", "warning")
def unused_variable(facts: ProjectFacts) -> Iterator[Fault]:
    """A variable that no template and no other variable reads.

    It is left over, or its name is mistyped on one side: then a template works with another value than this one.

        # bad
        service: [web]
        vars: {colour: blue}
        # good
        service: [web]
        vars: {colour: blue}
        # templates/web/config.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {colour: "{{ colour }}"}
    """
    config = facts.config
    paths: list[tuple[str, ...]] = [("vars", name) for name in config.vars if name != _NAMESPACE]
    for service, settings in config.effective.get("service", {}).items():
        own = settings.get("vars", {}) if isinstance(settings, dict) else {}
        paths += [("service", service, "vars", name) for name in own if name not in config.vars]
    for path in paths:
        if path[-1] not in facts.words:
            message = f"no template reads the variable {path[-1]}"
            yield Fault(message, suggestion="take it out, or correct its name", where=config.where(*path))


@project_rule("MSH412", "info")
def repeated_variable(facts: ProjectFacts) -> Iterator[Fault]:
    """A service's variable that says what the project's says.

    Without it the service has the same value, and follows the project's when that changes.

        # bad
        service: {web: {vars: {replicas: 1}}}
        vars: {replicas: 1}
        # templates/web/config.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {replicas: "{{ replicas }}"}
        # good
        service: {web: {vars: {replicas: 2}}}
        vars: {replicas: 1}
        # templates/web/config.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {replicas: "{{ replicas }}"}
    """
    config = facts.config
    missing = object()
    for service, settings in config.effective.get("service", {}).items():
        for name, value in (settings.get("vars") or {}).items():
            if config.vars.get(name, missing) == value:
                where = config.where("service", service, "vars", name)
                message = f"{name} of {service} is what the project's {name} is"
                yield Fault(message, suggestion="take it out", where=where)


@project_rule("MSH413", "warning")
def namespace_drift(facts: ProjectFacts) -> Iterator[Fault]:
    """`namespace` and `vars.namespace` differ.

    `namespace` comes first, and templates that read `namespace` get it, so the other one has no effect at all.

        # bad
        service: [web]
        namespace: dev-anna
        vars: {namespace: dev}
        # good
        service: [web]
        namespace: dev-anna
    """
    config = facts.config
    said = {origin.path: origin for origin in config.origins}
    variable = said.get("vars.namespace")
    if variable is None or _NAMESPACE not in said or is_templated(str(variable.value)):
        return
    if variable.value not in (None, "", config.namespace):
        message = f"vars.namespace is {variable.value}, and the namespace is {config.namespace}"
        yield Fault(message, suggestion="keep one of the two", where=variable.where)
