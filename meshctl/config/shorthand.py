"""The short ways to write things, brought into one form before layers are merged.

A key with nothing behind is as if it were absent, a list of services is a mapping of their names. Variables are values of
the user's own, null among them, and are left alone. What has the wrong shape is left alone too: the schema names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from meshctl.config.settings import Setting
from meshctl.errors import ConfigError

_SERVICES = ("service", "+service")


def normalized(setting: Setting) -> Setting:
    """The root of one layer."""
    if not setting.is_mapping:
        return setting
    return replace(
        setting, value={key: _top(key, child) for key, child in setting.value.items() if not _is_empty(child)}
    )


def _top(key: str, setting: Setting) -> Setting:
    if key == "vars":
        return setting
    if key == "service_group":
        return _filled_groups(setting)
    if key in _SERVICES:
        return _services(setting, replaces=key != "service" or setting.is_list)
    return without_empty(setting)


def without_empty(setting: Setting) -> Setting:
    if setting.is_mapping:
        return replace(
            setting, value={key: without_empty(child) for key, child in setting.value.items() if not _is_empty(child)}
        )
    if setting.is_list:
        return replace(setting, value=[without_empty(child) for child in setting.value if not _is_empty(child)])
    return setting


def _is_empty(setting: Setting) -> bool:
    return setting.value is None


def _filled_groups(groups: Setting) -> Setting:
    """A group with nothing behind is there, and has no members."""
    if not groups.is_mapping:
        return groups
    return replace(
        groups,
        value={
            name: replace(members, value=[]) if _is_empty(members) else without_empty(members)
            for name, members in groups.value.items()
        },
    )


def _services(setting: Setting, *, replaces: bool) -> Setting:
    named = setting.value.items() if setting.is_mapping else None
    if setting.is_list:
        items = [item for item in setting.value if not _is_empty(item)]
        if not all(_is_service_item(item) for item in items):
            return replace(setting, value=items)
        named = [_service_item(item) for item in items]
    if named is None:
        return setting
    return replace(setting, value={name: _service(service) for name, service in named}, replaces=replaces)


def _is_service_item(item: Setting) -> bool:
    return isinstance(item.value, str) or (item.is_mapping and len(item.value) == 1)


def _service_item(item: Setting) -> tuple[str, Setting]:
    """`web` and `web: {…}` in a list; where the service is declared is where its name is."""
    return (item.value, replace(item, value={})) if isinstance(item.value, str) else next(iter(item.value.items()))


def _service(service: Setting) -> Setting:
    """The settings of one service without its empty keys; a name with nothing behind is a service."""
    if _is_empty(service):
        return replace(service, value={})
    if not service.is_mapping:
        return service
    return replace(
        service,
        value={
            key: child if key == "vars" else without_empty(child)
            for key, child in service.value.items()
            if not _is_empty(child)
        },
    )


def declared_twice(setting: Setting) -> Iterator[ConfigError]:
    """Services that one list of a layer, as it was written, has a second time."""
    for key in _SERVICES:
        first: dict[str, Setting] = {}
        for item in setting.items(key):
            if not _is_service_item(item):
                continue
            name = item.value if isinstance(item.value, str) else next(iter(item.value))
            if name in first:
                before = first[name].where()
                place = f", first in line {before.line}" if before else ""
                yield ConfigError(
                    f"the service {name} is declared twice{place}",
                    code="MSH013",
                    where=item.where(),
                    suggestion="keep one of the two",
                )
            first.setdefault(name, item)
