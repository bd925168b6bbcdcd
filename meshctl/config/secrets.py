"""Which variables are secret, and how their values are kept out of what is shown."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from meshctl import yamlio
from meshctl.config.model import Config
from meshctl.config.settings import Setting
from meshctl.config.variables import Scope
from meshctl.errors import Caution, ConfigError, MeshctlError, Problems, did_you_mean

MASK = "***"
_LINE = 8  # characters from which a line of a longer value is looked for by itself too
SHORTEST = 4  # characters of a value that is looked for in texts; a shorter one would be found everywhere

_KEY = "secrets"


def secret_names(root: Setting, scope: Scope) -> frozenset[str]:
    """The variables of a scope that `secrets` names, that come from a secret source, or that read one of these."""
    listed = {str(item.value) for item in root.items(_KEY)}
    own = {name for name in scope.names() if name in listed or _has_secret_source(scope.setting(name))}
    return frozenset(name for name in scope.names() if name in own or scope.reads(name) & own) if own else frozenset()


def _has_secret_source(setting: Setting) -> bool:
    own = any(source.layer.secret for source in setting.sources)
    return own or any(_has_secret_source(child) for child in setting.children().values())


def is_secret(root: Setting, path: yamlio.Path) -> bool:
    """Whether `path` leads to or into a variable that is secret by itself; what reads one has no value yet."""
    depth = 1 if path[:1] == ("vars",) else 3 if path[:1] == ("service",) and path[2:3] == ("vars",) else len(path)
    variable = root.get(*path[: depth + 1])
    if variable is None or len(path) <= depth:
        return False
    listed = {item.value for item in root.items(_KEY)}
    return path[depth] in listed or _has_secret_source(variable)


def undeclared_secrets(root: Setting) -> Iterator[ConfigError]:
    """Names under `secrets` that no variable has: a slip there would show what should be hidden."""
    known = {*root.mapping("vars")}.union(*(root.mapping("service", name, "vars") for name in root.mapping("service")))
    if any(entry.get("optional") or entry.get("env") for entry in root.items("vars_from")):
        return
    for item in root.items(_KEY):
        if item.value not in known:
            message = f"secrets names {item.value}, which is no variable"
            yield ConfigError(message, code="MSH012", where=item.where(), suggestion=did_you_mean(item.value, known))


def masked(variables: Mapping[str, Any], secret: Collection[str]) -> dict[str, Any]:
    return {name: MASK if name in secret else value for name, value in variables.items()}


def texts_of(value: Any) -> Iterator[str]:
    """The texts in a value that can be told from any other."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for child in value:
            yield from texts_of(child)
    elif value is not None and not isinstance(value, bool) and len(str(value)) >= SHORTEST:
        yield str(value)


def written_secrets(root: Setting) -> frozenset[str]:
    """The secret values as the layers have them, as far as that can be told before variables are resolved."""
    scopes = [root.mapping("vars"), *(root.mapping("service", name, "vars") for name in root.mapping("service"))]
    listed = {str(item.value) for item in root.items(_KEY)}
    return frozenset(
        text
        for scope in scopes
        for name, setting in scope.items()
        if name in listed or _has_secret_source(setting)
        for source in (*setting.sources, *(source for child in setting.children().values() for source in child.sources))
        for text in texts_of(source.value)
    )


def hidden(text: str, values: Iterable[str]) -> str:
    for form in sorted({form for value in values for form in _forms(value)}, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _forms(value: str) -> Iterator[str]:
    """A message may quote a value, one line of it, or what JSON makes of it."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= _LINE)


def hide_in_error(error: MeshctlError, values: Collection[str]) -> None:
    """Takes secret values out of what an error says, and cuts it off from what it was made of."""
    for each in error.errors if isinstance(error, Problems) else (error,):
        shown = hidden(f"{each.message}{each.suggestion}{each.where}", values)
        if shown != f"{each.message}{each.suggestion}{each.where}":
            each.message, each.suggestion = hidden(each.message, values), hidden(each.suggestion, values)
            each.where = each.where._replace(file=hidden(each.where.file, values)) if each.where else None
            each.args, each.__cause__, each.__suppress_context__ = (each.message,), None, True
    error.args = (hidden(str(error.args[0]), values),) if error.args else ()
    error.cautions = tuple(hide_in_caution(caution, values) for caution in error.cautions)


def secret_values(config: Config) -> frozenset[str]:
    """Of all secret variables, those long enough to be told from other texts."""
    scopes: list[tuple[Mapping[str, Any], frozenset[str]]] = [(config.vars, config.secret_vars)]
    scopes += [(service.vars, service.secret_vars) for service in config.services.values()]
    return frozenset(text for variables, secret in scopes for name in secret for text in texts_of(variables.get(name)))


def hide_secrets(config: Config, errors: Iterable[MeshctlError]) -> None:
    """Takes the values of the config's secret variables out of what errors say."""
    values = secret_values(config)
    for error in errors if values else ():
        hide_in_error(error, values)


def hide_in_caution(caution: Caution, values: Collection[str]) -> Caution:
    where = caution.where._replace(file=hidden(caution.where.file, values)) if caution.where else None
    return Caution(caution.code, hidden(caution.message, values), where, hidden(caution.suggestion, values))
