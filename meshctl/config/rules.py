"""What the schema cannot say: one rule a function, each yields every fault that it finds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from meshctl import __version__, yamlio
from meshctl.config import versions
from meshctl.config.durations import parse_duration
from meshctl.config.groups import groups_within_themselves
from meshctl.config.project import impossible_path
from meshctl.config.schema import described, dotted
from meshctl.config.secrets import undeclared_secrets
from meshctl.config.settings import Setting
from meshctl.errors import Caution, ConfigError, did_you_mean
from meshctl.templating import dns_label

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LISTS_OF_SERVICES = (
    ("must_deps",),
    ("high_priority_deps",),
    ("mid_priority_deps",),
    ("low_priority_deps",),
    ("enable", "service"),
    ("disable", "service"),
)
_LISTS_OF_GROUPS = (("enable", "service_group"), ("disable", "service_group"))


def is_dns_label(text: str) -> bool:
    return _DNS_LABEL.fullmatch(text) is not None


def required_version(root: Setting) -> Iterator[ConfigError]:
    """Checked before all else: a file for another meshctl has other faults besides."""
    requires = root.get("requires")
    if requires is None or not isinstance(requires.value, str):
        return
    try:
        bounds = versions.bounds(requires.value)
    except ValueError:
        return
    if not all(bound.holds(versions.release_of(__version__)) for bound in bounds):
        message = f"this project requires meshctl {requires.value}; this is {__version__}"
        advice = f"install it: pip install 'meshctl{','.join(map(str, bounds))}'"
        yield ConfigError(message, code="MSH019", where=requires.where(), suggestion=advice)


def version_range(root: Setting) -> Iterator[ConfigError]:
    requires = root.get("requires")
    if requires is None:
        return
    try:
        versions.bounds(requires.value)
    except ValueError as error:
        near = versions.nearest_range(requires.value)
        message = f"requires has to be a range of versions, not {described(str(error))}"
        advice = f"write {near}" if near else "write it like >=1.2, ~=1.2, ^1.2, ~1.2, 1.x, or two: >=1.2, <2"
        yield ConfigError(message, where=requires.where(), suggestion=advice)


def service_names(root: Setting) -> Iterator[ConfigError]:
    for name, service in root.mapping("service").items():
        if not is_dns_label(name):
            yield not_a_label("a service's name", name, service)


def project_name(root: Setting) -> Iterator[ConfigError]:
    project = root.get("project")
    if project and isinstance(project.value, str) and not is_dns_label(project.value):
        yield not_a_label("the project's name", project.value, project, key=False)


def not_a_label(what: str, name: str, setting: Setting, *, key: bool = True) -> ConfigError:
    label = dns_label(name)
    advice = f"write {label}" if label else ""
    message = f'{what} has to be a DNS label (a-z, 0-9 and "-", at most 63), not "{name}"'
    return ConfigError(message, code="MSH016", where=setting.where(key=key), suggestion=advice)


def declared_services(root: Setting) -> Iterator[ConfigError]:
    """Every list of services names services that are declared."""
    known = root.mapping("service")
    for path in (*_LISTS_OF_SERVICES, *(("service", name, "needs") for name in known)):
        for item in root.items(*path):
            if item.value not in known:
                yield _undeclared("service", item, dotted(path), known, root)


def needless_skips(root: Setting) -> Iterator[Caution]:
    """One list for every environment may name services that this one has not: it changes nothing, and is told."""
    known = root.mapping("service")
    for item in root.items("skip_inject_service"):
        if item.value not in known:
            fault = _undeclared("service", item, "skip_inject_service", known, root)
            yield Caution(fault.code, fault.message, fault.where, fault.suggestion)


def declared_groups(root: Setting) -> Iterator[ConfigError]:
    known = root.mapping("service_group")
    for path in _LISTS_OF_GROUPS:
        for item in root.items(*path):
            if item.value not in known:
                yield _undeclared("group", item, dotted(path), known, root)


def group_members(root: Setting) -> Iterator[ConfigError]:
    """A member is a service, or a group with @ before its name."""
    services, groups = root.mapping("service"), root.mapping("service_group")
    for group in groups:
        for member in root.items("service_group", group):
            place = dotted(("service_group", group))
            if member.value.startswith("@"):
                if member.value[1:] not in groups:
                    yield _undeclared("group", member, place, [f"@{name}" for name in groups], root)
            elif member.value not in services:
                yield _undeclared("service", member, place, services, root)


def _undeclared(kind: str, item: Setting, place: str, known: Iterable[str], root: Setting) -> ConfigError:
    name = item.value
    advice = did_you_mean(name, known)
    if kind == "service" and name in root.mapping("service_group"):
        advice = f"{name} is a group" + (f"; write @{name}" if place.startswith("service_group") else "")
    section = "service" if kind == "service" else "service_group"
    message = f"{place} names {name.removeprefix('@')}, which is no declared {kind}"
    return ConfigError(message, code="MSH012", where=item.where(), suggestion=advice or f"declare it under {section}")


def durations(root: Setting) -> Iterator[ConfigError]:
    paths = [("ttl",), *(("service", name, "wait", "timeout") for name in root.mapping("service"))]
    for path in paths:
        setting = root.get(*path)
        if setting is None:
            continue
        try:
            parse_duration(setting.value)
        except ValueError as error:
            yield ConfigError(f"{dotted(path)}: {error}", where=setting.where())


def expressions(root: Setting) -> Iterator[ConfigError]:
    """What a service waits for by CEL is checked now, and not when something waits for it."""
    for name in root.mapping("service"):
        setting = root.get("service", name, "wait", "for")
        if setting is None or not str(setting.value).startswith("cel="):
            continue
        from meshctl import expression

        try:
            expression.check(setting.value.removeprefix("cel="))
        except ConfigError as error:
            message = f"service.{name}.wait.for: {error.message}"
            yield ConfigError(message, where=setting.where(), suggestion=error.suggestion)


def paths_inside(root: Setting, folder: Path) -> Iterator[ConfigError]:
    """What the file names of the project's folders is inside of the project, links followed."""
    templates = root.get("templates")
    settings: dict[yamlio.Path, Setting | None] = {("output_path",): root.get("output_path"), ("templates",): templates}
    if templates and templates.is_list:
        settings = {**settings, **{("templates", index): item for index, item in templates.children().items()}}
    for path, setting in settings.items():
        if setting and not setting.is_list and (reason := impossible_path(setting.value)):
            yield ConfigError(f"{dotted(path)} {reason}", code="MSH021", where=setting.where())
        elif (
            setting and not setting.is_list and not (folder / setting.value).resolve().is_relative_to(folder.resolve())
        ):
            yield _outside(path, setting, "project")


def template_folders(root: Setting) -> Iterator[ConfigError]:
    """A service's templates are a folder below those of the project."""
    for name in root.mapping("service"):
        path = ("service", name, "template")
        setting = root.get(*path)
        if setting and (reason := impossible_path(setting.value)):
            yield ConfigError(f"{dotted(path)} {reason}", code="MSH021", where=setting.where())
        elif setting and (".." in Path(os.path.normpath(setting.value)).parts or Path(setting.value).is_absolute()):
            yield _outside(path, setting, "templates")


def _outside(path: yamlio.Path, setting: Setting, place: str) -> ConfigError:
    message = f'{dotted(path)} is "{setting.value}", which is outside of the {place}'
    return ConfigError(message, code="MSH021", where=setting.where())


def problems(root: Setting, folder: Path, *, services_known: bool) -> Iterator[ConfigError]:
    """Every fault of every rule; `folder` is the project's."""
    yield from service_names(root)
    yield from project_name(root)
    yield from version_range(root)
    yield from durations(root)
    yield from expressions(root)
    yield from paths_inside(root, folder)
    yield from template_folders(root)
    yield from declared_groups(root)
    yield from groups_within_themselves(root)
    yield from undeclared_secrets(root)
    if services_known:
        yield from declared_services(root)
        yield from group_members(root)
