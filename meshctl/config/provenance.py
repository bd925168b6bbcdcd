"""What the configuration comes to in one piece, and where each value of it comes from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from meshctl import yamlio
from meshctl.config.model import Origin
from meshctl.config.resolution import Resolution
from meshctl.config.schema import dotted, schema
from meshctl.config.secrets import MASK, hidden, is_secret, masked, written_secrets
from meshctl.config.settings import Setting, Source

_TAKEN_IN = ("extends", "vars_from")
DEFAULT = "default"
OPTION = "--namespace"
NAMESPACE = "namespace"


def effective(root: Setting, resolution: Resolution) -> dict[str, Any]:
    """The one file that would give the same configuration, in the order of the schema, expressions evaluated; secret
    values are masked."""
    merged = {**_defaults(), **root.plain}
    shown = masked(resolution.vars, resolution.secret_vars)
    merged |= {"project": resolution.project, "namespace": resolution.namespace, "vars": shown}
    merged["service"] = {
        name: _service(settings, masked(resolution.service_vars[name], resolution.service_secrets[name]), shown)
        for name, settings in merged.get("service", {}).items()
    }
    return {key: merged[key] for key in schema()["properties"] if key in merged and key not in _TAKEN_IN}


def _service(settings: dict[str, Any], variables: Mapping[str, Any], project: Mapping[str, Any]) -> dict[str, Any]:
    """With its own variables, and those of the project that come to something else for it."""
    own = settings.get("vars", {})
    different = {name: value for name, value in variables.items() if name in own or value != project[name]}
    return {**settings, "vars": different} if different else settings


def _defaults() -> dict[str, Any]:
    return {key: node["default"] for key, node in schema()["properties"].items() if "default" in node}


def origins(root: Setting, resolution: Resolution) -> tuple[Origin, ...]:
    """Every layer that set a value, by path, the lowest layer first."""
    secret = written_secrets(root)
    found = [
        _without(origin, secret, is_secret=is_secret(root, path))
        for path, setting in _leaves(root, ())
        for origin in _origins(path, setting)
    ]
    defaults = {**_defaults(), "project": resolution.project}
    if not resolution.option and not any(origin.path in (NAMESPACE, f"vars.{NAMESPACE}") for origin in found):
        defaults[NAMESPACE] = resolution.namespace
    set_by_files = {origin.path for origin in found}
    below = [Origin(key, value, DEFAULT, None, "", key not in set_by_files) for key, value in defaults.items()]
    if resolution.option:
        found = [replace(origin, in_force=origin.in_force and origin.path != NAMESPACE) for origin in found]
        found.append(Origin(NAMESPACE, resolution.option, OPTION, None))
    return tuple(sorted([*below, *found], key=lambda origin: origin.path))


def _without(origin: Origin, secret: Collection[str], *, is_secret: bool) -> Origin:
    """Without secret values, which --set has in its name, too."""
    where = origin.where._replace(file=hidden(origin.where.file, secret)) if origin.where else None
    value = MASK if is_secret else origin.value
    return replace(origin, value=value, layer=hidden(origin.layer, secret), where=where)


def _leaves(setting: Setting, path: yamlio.Path) -> Iterator[tuple[yamlio.Path, Setting]]:
    """Scalars, lists and empty mappings."""
    if not setting.is_mapping or (path and not setting.value):
        yield path, setting
        return
    for key, child in setting.value.items():
        yield from _leaves(child, (*path, key))


def _origins(path: yamlio.Path, setting: Setting) -> Iterator[Origin]:
    for source in setting.sources:
        key = source.path[-1] if source.path else ""
        sign = str(key)[:1] if key != path[-1] and str(key)[1:] == path[-1] else ""
        yield Origin(dotted(path), source.value, source.layer.name, source.where(), sign, _in_force(setting, source))


def _in_force(setting: Setting, source: Source) -> bool:
    """The last layer is, as is one that items of a list are left of."""
    layers = {item.sources[-1].layer.name for item in setting.items() if item.sources}
    return source is setting.sources[-1] or source.layer.name in layers
