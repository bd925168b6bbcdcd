"""The shape of the project file, as config.schema.json describes it: the one description, for editors, docs and us."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from meshctl import yamlio
from meshctl.config.settings import Setting, without
from meshctl.errors import ConfigError, did_you_mean

SCHEMA = Path(__file__).with_name("config.schema.json")
_LONGEST_VALUE = 40  # characters of a wrong value in a message

Schema = Mapping[str, Any]


@cache
def schema() -> Schema:
    loaded: Schema = json.loads(SCHEMA.read_text("utf-8"))
    return loaded


@cache
def _validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(dict(schema()))


def shape_errors(root: Setting) -> Iterator[tuple[yamlio.Path, ConfigError]]:
    """Every fault of shape, with the path of the value, or of the key, that has to go.

    What is inside of a wrong value is not judged.
    """
    wrong: set[yamlio.Path] = set()
    for path in list(_nameless(root, ())):
        setting = root.get(*path)
        where = setting.where(key=True) if setting else None
        root = without(root, path)
        rest = root.get(*path[:-1])
        emptied = len(path) > 1 and rest is not None and not rest.children()
        if emptied:
            wrong.add(path[:-1])
        yield path[:-1] if emptied else path, ConfigError("a key without a name", code="MSH011", where=where)
    for error in sorted(_validator().iter_errors(root.plain), key=lambda error: len(error.instance_path)):
        path = _steps(root, error.instance_path)
        if _has_a_rule(error.kind.name, path) or any(path[:length] in wrong for length in range(len(path) + 1)):
            continue
        if error.kind.name == "additionalProperties":
            yield from (((*path, key), _unknown_key(root, path, key)) for key in error.kind.unexpected)
        elif error.kind.name == "required":
            wrong.add(path)
            setting = root.get(*path) or root
            yield path, ConfigError(f"{dotted(path)} has no {error.kind.property}", where=setting.where())
        else:
            wrong.add(path)
            yield path, _wrong_value(root, path)


def _has_a_rule(keyword: str, path: yamlio.Path) -> bool:
    """Whether a rule of ours says the same in better words: the form of names and durations is in the schema for
    editors."""
    return keyword == "propertyNames" or (keyword == "pattern" and "format" in (node_at(path) or {}))


def _nameless(setting: Setting, path: yamlio.Path) -> Iterator[yamlio.Path]:
    """Keys that are "": no schema forbids them, and jsonschema_rs leaves them out of its paths."""
    for step, child in setting.children().items():
        if step == "":
            yield (*path, step)
        elif step != "vars":
            yield from _nameless(child, (*path, step))


def _steps(root: Setting, path: Sequence[str | int]) -> yamlio.Path:
    """jsonschema_rs makes an index of a key that looks like one."""
    steps: yamlio.Path = ()
    for step in path:
        container = root.get(*steps)
        steps += (str(step) if container and container.is_mapping else step,)
    return steps


def node_at(path: yamlio.Path) -> Schema | None:
    """The schema of the value at `path`; None where there can be none; without keywords where anything can be."""
    node: Schema | None = schema()
    for step in path:
        node = _child(node, step) if node is not None else None
    return node


def is_open(path: yamlio.Path) -> bool:
    """Whether any name may stand at `path`, as in vars."""
    node = node_at(path)
    return node is not None and ("type" not in node or node.get("additionalProperties") is True)


def _child(node: Schema, step: str | int) -> Schema | None:
    found = node.get("items", "type" not in node) if isinstance(step, int) else _named(node, step)
    if isinstance(found, bool):
        return {} if found else None
    return _resolved(found)


def _named(node: Schema, name: str) -> Schema | bool:
    patterns = (child for pattern, child in node.get("patternProperties", {}).items() if re.search(pattern, name))
    otherwise: Schema | bool = next(patterns, node.get("additionalProperties", "type" not in node))
    found: Schema | bool = node.get("properties", {}).get(name, otherwise)
    return found


def _resolved(node: Schema) -> Schema:
    reference = node.get("$ref")
    return {**schema()["$defs"][reference.rpartition("/")[2]], **node} if reference else node


def known_keys(path: yamlio.Path) -> list[str]:
    return sorted((node_at(path) or {}).get("properties", {}))


def dotted(path: yamlio.Path) -> str:
    """`service.web.needs[0]`, as --set takes it."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else "." + step.replace(".", "\\.")
    return text.removeprefix(".")


def _unknown_key(root: Setting, parent: yamlio.Path, key: str) -> ConfigError:
    setting = root.get(*parent, key)
    where = setting.where(key=True) if setting else None
    place = f" in {dotted(parent)}" if parent else ""
    suggestion = did_you_mean(key, known_keys(parent)) or f"there are {', '.join(known_keys(parent))}"
    return ConfigError(f'unknown key "{key}"{place}', code="MSH011", where=where, suggestion=suggestion)


def _wrong_value(root: Setting, path: yamlio.Path) -> ConfigError:
    setting = root.get(*path) or root
    node = node_at(path) or {}
    wanted = node.get("title", "something else")
    message = f"{dotted(path) or 'the file'} has to be {wanted}, not {described(setting.plain)}"
    return ConfigError(message, where=setting.where(), suggestion=_advice(node, setting.plain))


def _advice(node: Schema, value: Any) -> str:
    types = node.get("type", [])
    if "string" in types and isinstance(value, (bool, int, float)):
        return "put it in quotes, if it is meant"
    if "array" in types and isinstance(value, str):
        return f"write [{value}]"
    if isinstance(value, dict) and len(value) > 1 and "maxProperties" in node:
        return "indent its settings further than its name"
    return ""


def described(value: Any) -> str:
    """A wrong value as messages have it, cut where it is long."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = str(value)
    shown = text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
    return f'the text "{shown}"' if isinstance(value, str) else f"the number {shown}"
