"""Names and variables in their final form: user, project, namespace, and what every expression comes to."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meshctl.config.project import Project
from meshctl.config.rules import is_dns_label, not_a_label
from meshctl.config.secrets import secret_names
from meshctl.config.settings import Setting
from meshctl.config.variables import Scope
from meshctl.errors import MeshctlError, UsageError
from meshctl.templating import dns_label

_NAMESPACE = "namespace"


@dataclass(frozen=True)
class Resolution:
    """`service_vars` are those of the project overlaid with the service's; `option` is the namespace of the command
    line. All of it counts only without `problems`."""

    user: str
    project: str
    namespace: str
    vars: Mapping[str, Any]
    service_vars: Mapping[str, Mapping[str, Any]]
    option: str = ""
    secret_vars: frozenset[str] = frozenset()
    service_secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    problems: list[MeshctlError] = field(default_factory=list)


def resolve(root: Setting, project: Project, environ: Mapping[str, str], namespace: str | None) -> Resolution:
    """`namespace` comes before the file's, which comes before `vars.namespace`, which comes before the login name."""
    user = _user(environ)
    name = _project_name(root, project)
    chosen = _namespace(root, namespace, user)
    scope = Scope({**root.mapping("vars"), _NAMESPACE: chosen}, {"env": dict(environ), "user": user, "project": name})
    variables = scope.resolved()
    final = str(variables.get(_NAMESPACE, ""))
    problems = _namespace_problems(chosen, variables, namespace)
    if _NAMESPACE not in root.mapping("vars"):
        variables.pop(_NAMESPACE, None)
    secret = secret_names(root, scope)
    scopes = {service: _service_scope(root, service, scope) for service in root.mapping("service")}
    return Resolution(
        user=user,
        project=name,
        namespace=final,
        vars=variables,
        service_vars={service: _service_vars(own, scope, variables) for service, own in scopes.items()},
        option=namespace or "",
        secret_vars=secret,
        service_secrets={
            service: secret if own is scope else secret_names(root, own) for service, own in scopes.items()
        },
        problems=problems + list(scope.problems.values()),
    )


def _user(environ: Mapping[str, str]) -> str:
    """The login name as a DNS label, as it is part of names; a user without any has a number."""
    names = (environ.get(variable, "") for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"))
    login = next((name for name in names if name), None)
    try:
        return dns_label(login or getpass.getuser()) or "user"
    except (KeyError, OSError):
        return f"user-{os.getuid()}"


def _project_name(root: Setting, project: Project) -> str:
    named = root.get("project")
    return str(named.value) if named else dns_label(project.root.resolve().name) or "project"


def _namespace(root: Setting, option: str | None, user: str) -> Setting:
    if option:
        return Setting(option)
    settings = (root.get(_NAMESPACE), root.get("vars", _NAMESPACE))
    return next((setting for setting in settings if setting and setting.value not in (None, "")), Setting(user))


def _service_scope(root: Setting, service: str, scope: Scope) -> Scope:
    own = root.mapping("service", service, "vars")
    return Scope(own, scope.given, scope) if own else scope


def _service_vars(own: Scope, scope: Scope, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    if own is scope:
        return variables
    return {name: value for name, value in own.resolved().items() if name in variables or name in own.own}


def _namespace_problems(chosen: Setting, variables: Mapping[str, Any], option: str | None) -> list[MeshctlError]:
    namespace = variables.get(_NAMESPACE)
    if namespace is None or is_dns_label(str(namespace)):
        return []  # without a value, why is among the problems already
    problem = not_a_label("the namespace", str(namespace), chosen, key=False)
    return [UsageError(problem.message, code=problem.code, suggestion=problem.suggestion) if option else problem]
