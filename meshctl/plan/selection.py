"""Which services are meant: names, globs and groups as typed, the default selection, and what is taken along."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from meshctl.config import Choice, Config
from meshctl.errors import MeshctlError, UsageError, did_you_mean, raise_all
from meshctl.plan.order import reach

LISTED = 80  # characters: names that take more room are not written into a message


@dataclass(frozen=True)
class Selection:
    """What was typed: names and groups may be globs. Nothing named is the default selection.

    `needs=False` leaves out what the named ones need, where a command takes that along.
    """

    services: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    all: bool = False
    needs: bool = True


def selected(config: Config, selection: Selection, *, closure: bool) -> set[str]:
    """The services that are meant; with `closure` also `must_deps` and, unless declined, all needs of both.

    Raises UsageError (or Problems) for names that nothing matches, and when nothing is left to take.
    """
    names = _named(config, selection)
    if closure:
        names.update(config.must_deps)
        if selection.needs:
            names = reach({name: service.needs for name, service in config.services.items()}, names)
    if not names:
        raise _nothing_selected(config, selection)
    return names


def _named(config: Config, selection: Selection) -> set[str]:
    if selection.all:
        if selection.services or selection.groups:
            raise UsageError("--all takes every service, so it goes with no names", suggestion="leave one of them out")
        return set(config.services)
    if not (selection.services or selection.groups):
        return default_selection(config)
    errors: list[MeshctlError] = []
    names = _matched(config, "service", selection.services, errors)
    for group in _matched(config, "group", selection.groups, errors):
        names.update(config.groups[group].services)
    raise_all(errors)
    return names


def default_selection(config: Config) -> set[str]:
    """What is taken when nothing is named: `enable`, or all, less `disable`."""
    enabled = _chosen(config, config.enable)
    nothing_enabled = not (config.enable.services or config.enable.groups)
    return (set(config.services) if nothing_enabled else enabled) - _chosen(config, config.disable)


def _chosen(config: Config, choice: Choice) -> set[str]:
    return set(choice.services).union(*(config.groups[group].services for group in choice.groups))


def _matched(config: Config, kind: str, patterns: Iterable[str], errors: list[MeshctlError]) -> set[str]:
    """The services or groups that the patterns match; what matches nothing is added to `errors`."""
    known = config.services if kind == "service" else config.groups
    names: set[str] = set()
    for pattern in dict.fromkeys(patterns):
        matches = {pattern} if pattern in known else {name for name in known if fnmatchcase(name, pattern)}
        if not matches:
            errors.append(_unknown(config, kind, pattern, known))
        names |= matches
    return names


def _unknown(config: Config, kind: str, pattern: str, known: Collection[str]) -> UsageError:
    if any(character in pattern for character in "*?["):
        return UsageError(f"no {kind} matches {pattern!r}", suggestion=_listed(kind, known))
    if kind == "service" and pattern in config.groups:
        advice = f"that is a group: -g {pattern}"
    elif kind == "group" and pattern in config.services:
        advice = "that is a service: name it without -g"
    else:
        advice = did_you_mean(pattern, known) or _listed(kind, known)
    return UsageError(f"no {kind} is called {pattern!r}", suggestion=advice)


def _listed(kind: str, known: Collection[str]) -> str:
    """A short project's names in full; of a long one, where to read them."""
    names = ", ".join(known)
    if not names:
        return f"the project has no {kind}s"
    return f"there are {names}" if len(names) <= LISTED else f"`meshctl list {kind}s` shows them"


def _nothing_selected(config: Config, selection: Selection) -> UsageError:
    if not config.services:
        return UsageError("the project has no services", suggestion="declare them under `service`")
    if selection.groups:
        groups = ", ".join(selection.groups)
        return UsageError(f"nothing is selected: {groups} has no services", suggestion="see `meshctl list groups`")
    return UsageError(
        "nothing is selected: `enable` less `disable` leaves no service",
        suggestion="name services or groups, or take --all",
    )
