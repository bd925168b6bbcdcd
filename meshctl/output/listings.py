"""What a project holds, offline: services, groups, environments, and where values come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from meshctl.errors import UsageError, did_you_mean
from meshctl.output import wording
from meshctl.output.documents import document, names
from meshctl.output.tables import Column, table

if TYPE_CHECKING:
    from meshctl.config import Config, Origin


def services(config: Config, form: str) -> str:
    from meshctl.plan import whole

    tiers = whole(config).tiers
    entries = [
        {
            "name": service.name,
            "tier": tiers[service.name],
            "groups": list(service.groups),
            "needs": list(service.needs),
            "inject": service.inject,
            "template": service.template or service.name,
        }
        for service in config.services.values()
    ]
    columns = [Column("NAME"), Column("TIER"), Column("GROUPS"), Column("NEEDS")]
    columns += [Column("INJECT", wide=True), Column("TEMPLATE", wide=True)]
    return _listing("services", entries, columns, form)


def groups(config: Config, form: str) -> str:
    entries = [
        {"name": group.name, "services": list(group.services), "members": list(group.members)}
        for group in config.groups.values()
    ]
    return _listing("groups", entries, [Column("NAME"), Column("SERVICES"), Column("MEMBERS", wide=True)], form)


def environments(found: Sequence[str], current: str, form: str) -> str:
    entries = [{"name": name, "current": name == current} for name in found]
    return _listing("envs", entries, [Column("NAME"), Column("CURRENT")], form)


def _listing(key: str, entries: Sequence[Mapping[str, Any]], columns: Sequence[Column], form: str) -> str:
    """The entries in one form; a table's columns are the entries' keys, in their order. Sorted by name for machines."""
    if form == "name":
        return names(str(entry["name"]) for entry in entries)
    if form in ("json", "yaml"):
        return document(form, {key: sorted(entries, key=lambda entry: str(entry["name"]))})
    return table(columns, [[_cell(value) for value in entry.values()] for entry in entries], wide=form == "wide")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(value) if isinstance(value, list) else str(value)


def origins(config: Config, paths: Sequence[str], form: str) -> str:
    """Every layer that set a value, in the order in which they were laid; what is in force of them is marked.

    Raises UsageError for a path that no value is at or below.
    """
    found = [origin for origin in config.origins if not paths or any(_is_below(origin.path, path) for path in paths)]
    for path in paths:
        if not any(_is_below(origin.path, path) for origin in found):
            raise _unknown(path, config.origins)
    entries = [_origin(origin) for origin in found]
    if form in ("json", "yaml"):
        return document(form, {"origins": entries})
    columns = [Column("PATH"), Column("VALUE"), Column("LAYER"), Column("WHERE"), Column("IN-FORCE")]
    return table(columns, [_origin_cells(entry) for entry in entries])


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith((f"{above}.", f"{above}["))


def _unknown(path: str, known: Iterable[Origin]) -> UsageError:
    advice = did_you_mean(path, (origin.path for origin in known))
    return UsageError(f"the config has no value at {path!r}", suggestion=advice or "`meshctl config origins` lists all")


def _origin(origin: Origin) -> dict[str, Any]:
    file, line, column = origin.where or ("", 0, 0)
    return {
        "path": origin.path,
        "value": origin.value,
        "layer": origin.layer,
        "file": file,
        "line": line,
        "column": column,
        "operator": origin.operator,
        "inForce": origin.in_force,
    }


def _origin_cells(entry: Mapping[str, Any]) -> list[str]:
    value = entry["value"] if isinstance(entry["value"], str) else json.dumps(entry["value"], ensure_ascii=False)
    place = f"{entry['file']}:{entry['line']}" if entry["line"] else ""
    return [
        entry["path"],
        _short(entry["operator"] + value),
        entry["layer"],
        place,
        "yes" if entry["inForce"] else "no",
    ]


_SHORT = 60


def _short(value: str) -> str:
    text = wording.one_line(value)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
