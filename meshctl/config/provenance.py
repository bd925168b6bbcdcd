"""What the configuration comes to in one piece, and where each value of it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshctl import yamlio
from meshctl.config.model import Origin
from meshctl.config.resolution import Resolution
from meshctl.config.schema import dotted, schema
from meshctl.config.settings import Setting

DEFAULT = "default"


def effective(root: Setting, resolution: Resolution) -> dict[str, Any]:
    """The one file that would give the same configuration, in the order of the schema, expressions evaluated."""
    merged = {**_defaults(), **root.plain}
    merged |= {"project": resolution.project, "namespace": resolution.namespace, "vars": dict(resolution.vars)}
    merged["service"] = {
        name: _service(settings, resolution.service_vars[name], resolution.vars)
        for name, settings in merged.get("service", {}).items()
    }
    return {key: merged[key] for key in schema()["properties"] if key in merged and key != "extends"}


def _service(settings: dict[str, Any], variables: Mapping[str, Any], project: Mapping[str, Any]) -> dict[str, Any]:
    """With its own variables, and those of the project that come to something else for it."""
    own = settings.get("vars", {})
    different = {name: value for name, value in variables.items() if name in own or value != project[name]}
    return {**settings, "vars": different} if different else settings


def _defaults() -> dict[str, Any]:
    return {key: node["default"] for key, node in schema()["properties"].items() if "default" in node}


def origins(root: Setting, resolution: Resolution) -> tuple[Origin, ...]:
    """By path; of several for one path the last is the one that counts."""
    found = [origin for path, setting in _leaves(root, ()) for origin in _origins(path, setting)]
    defaults = {**_defaults(), "project": resolution.project}
    if not any(origin.path in ("namespace", "vars.namespace") for origin in found):
        defaults["namespace"] = resolution.namespace
    paths = {origin.path for origin in found}
    found += [Origin(key, value, DEFAULT, None) for key, value in defaults.items() if key not in paths]
    return tuple(sorted(found, key=lambda origin: origin.path))


def _leaves(setting: Setting, path: yamlio.Path) -> Iterator[tuple[yamlio.Path, Setting]]:
    """Scalars, lists and empty mappings."""
    if not setting.is_mapping or (path and not setting.value):
        yield path, setting
        return
    for key, child in setting.value.items():
        yield from _leaves(child, (*path, key))


def _origins(path: yamlio.Path, setting: Setting) -> Iterator[Origin]:
    for source in setting.sources:
        yield Origin(dotted(path), source.value, source.layer.name, source.where())
