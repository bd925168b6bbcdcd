"""The short ways to write things, brought into one form before layers are merged.

A key with nothing behind is as if it were absent, a list of services is a mapping of their names. Variables are values
of the user's own, null among them, and are left alone. What has the wrong shape is left alone too: the schema names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from meshctl.config.settings import Setting
from meshctl.errors import ConfigError

_SERVICES = ("service", "+service")


def normalized(root: Setting) -> Setting:
    """One layer."""
    filled = _filled(root)
    return replace(filled, value={key: _top(key, child) for key, child in filled.value.items()})


def _top(key: str, setting: Setting) -> Setting:
    if key == "vars":
        return setting
    if key == "service_group" and setting.is_mapping:
        return replace(setting, value={name: _group(members) for name, members in setting.value.items()})
    if key in _SERVICES:
        return _services(setting, replaces=key != "service" or setting.is_list)
    return _filled(setting, deep=True)


def _filled(setting: Setting, *, deep: bool = False) -> Setting:
    """Without keys and items that have nothing behind."""
    children = {step: child for step, child in setting.children().items() if child.value is not None}
    if deep:
        children = {step: _filled(child, deep=True) for step, child in children.items()}
    if setting.is_mapping:
        return replace(setting, value=children)
    return replace(setting, value=list(children.values())) if setting.is_list else setting


def _group(members: Setting) -> Setting:
    """A group with nothing behind is there, and has no members."""
    return _filled(members, deep=True) if members.value is not None else replace(members, value=[])


def _services(setting: Setting, *, replaces: bool) -> Setting:
    if setting.is_mapping:
        named = list(setting.value.items())
    elif setting.is_list and all(_is_service_item(item) for item in _filled(setting).value):
        named = [_service_item(item) for item in _filled(setting).value]
    else:
        return setting
    return replace(setting, value={name: _service(service) for name, service in named}, replaces=replaces)


def _is_service_item(item: Setting) -> bool:
    return isinstance(item.value, str) or (item.is_mapping and len(item.value) == 1)


def _service_item(item: Setting) -> tuple[str, Setting]:
    """`web` and `web: {…}` in a list; a service is declared where its name is."""
    return (item.value, replace(item, value={})) if isinstance(item.value, str) else next(iter(item.value.items()))


def _service(service: Setting) -> Setting:
    """A name with nothing behind is a service."""
    if not service.is_mapping:
        return replace(service, value={}) if service.value is None else service
    filled = _filled(service)
    settings = {key: child if key == "vars" else _filled(child, deep=True) for key, child in filled.value.items()}
    return replace(filled, value=settings)


def declared_twice(setting: Setting) -> Iterator[ConfigError]:
    """Services that one list of a layer, as it was written, has a second time."""
    for key in _SERVICES:
        first: dict[str, Setting] = {}
        for name, item in (_service_item(item) for item in setting.items(key) if _is_service_item(item)):
            if name in first:
                yield _twice(name, item, first[name])
            first.setdefault(name, item)


def _twice(name: str, item: Setting, before: Setting) -> ConfigError:
    first = before.where(key=True)
    message = f"the service {name} is declared twice" + (f", first in line {first.line}" if first else "")
    return ConfigError(message, code="MSH013", where=item.where(key=True), suggestion="keep one of the two")
