"""Values that remember who set them: the tree that all layers are merged into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from meshctl import yamlio
from meshctl.errors import ConfigError, Where


@dataclass(frozen=True)
class Layer:
    """One place that values come from; `locate` finds the value at a path there, or its key.

    What a `secret` one has is shown nowhere; the texts of a `literal` one are no expressions, whatever they look like.
    """

    name: str
    locate: Callable[[yamlio.Path, bool], Where | None]
    secret: bool = False
    literal: bool = False


@dataclass(frozen=True)
class Source:
    """A layer, the path there and what it has at that path."""

    layer: Layer
    path: yamlio.Path
    value: Any

    def where(self, *, key: bool = False) -> Where | None:
        return self.layer.locate(self.path, key)


@dataclass(frozen=True)
class Setting:
    """A scalar, a list of settings or a mapping of settings, and all that set it; the last source is the one that won.

    `replaces` is a mapping that was written as a list: merging it replaces, as lists do.
    """

    value: Any
    sources: tuple[Source, ...] = ()
    replaces: bool = False

    @classmethod
    def of(cls, value: Any, layer: Layer, path: yamlio.Path = ()) -> Setting:
        source = (Source(layer, path, value),)
        if isinstance(value, Mapping):
            return cls({key: cls.of(child, layer, (*path, key)) for key, child in value.items()}, source)
        if isinstance(value, list):
            return cls([cls.of(child, layer, (*path, index)) for index, child in enumerate(value)], source)
        return cls(value, source)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)

    @property
    def plain(self) -> Any:
        if isinstance(self.value, dict):
            return {key: child.plain for key, child in self.value.items()}
        return [child.plain for child in self.value] if isinstance(self.value, list) else self.value

    @property
    def is_literal(self) -> bool:
        return bool(self.sources) and self.sources[-1].layer.literal

    def where(self, *, key: bool = False) -> Where | None:
        return self.sources[-1].where(key=key) if self.sources else None

    def declared(self) -> Where | None:
        """The key in the first layer that has it: --set may add to what a file declares."""
        return self.sources[0].where(key=True) if self.sources else None

    def children(self) -> Mapping[str | int, Setting]:
        if isinstance(self.value, dict):
            return self.value
        return dict(enumerate(self.value)) if isinstance(self.value, list) else {}

    def get(self, *path: str | int) -> Setting | None:
        found: Setting | None = self
        for step in path:
            found = found.children().get(step) if found else None
        return found

    def mapping(self, *path: str | int) -> Mapping[str, Setting]:
        """The mapping at `path`, empty where there is none."""
        found = self.get(*path)
        return found.value if found and isinstance(found.value, dict) else {}

    def items(self, *path: str | int) -> Sequence[Setting]:
        """The list at `path`, empty where there is none."""
        found = self.get(*path)
        return found.value if found and isinstance(found.value, list) else ()


EMPTY = Setting({})


def without(setting: Setting, path: yamlio.Path) -> Setting:
    """The tree without what is at `path`."""
    step, rest = path[0], path[1:]
    children = dict(setting.children())
    if step not in children:
        return setting
    if rest:
        children[step] = without(children[step], rest)
    else:
        del children[step]
    return replace(setting, value=children if setting.is_mapping else list(children.values()))


def merge(base: Setting | None, over: Setting) -> Setting:
    """`over` on top of `base`: mappings merge, all else replaces; `+key` appends to a list and `-key` removes.

    Raises ConfigError where there is no list to do that to.
    """
    before = base.sources if base else ()
    if not over.is_mapping:
        return replace(over, sources=before + over.sources)
    keeps = base is not None and base.is_mapping and not over.replaces
    merged: dict[str, Setting] = dict(base.value) if base and keeps else {}
    for key, child in over.value.items():
        if not operator(key, child):
            merged[key] = merge(merged.get(key), child)
    for key, child in over.value.items():
        sign, name = operator(key, child), key[1:]
        if sign == "+":
            merged[name] = _append(merged.get(name), child)
        elif sign == "-" and name in merged:
            merged[name] = _remove(merged[name], child)
    return Setting(merged, before + over.sources)


def operator(key: str, setting: Setting) -> str:
    """ "+" or "-" of a key that appends or removes, "" of any other: `-key` with a text behind is just a name."""
    is_operator = key[:1] in ("+", "-") and len(key) > 1 and (setting.is_list or setting.replaces)
    return key[0] if is_operator else ""


def _append(base: Setting | None, more: Setting) -> Setting:
    if base is None or (base.is_mapping and more.is_mapping):
        return merge(base, replace(more, replaces=False))
    if base.is_list and more.is_list:
        return Setting(base.value + more.value, base.sources + more.sources)
    raise ConfigError("+ appends to a list, and what it appends to is none", where=more.where(key=True))


def _remove(base: Setting, less: Setting) -> Setting:
    gone = less.plain
    kept: Any
    if base.is_mapping:
        kept = {key: child for key, child in base.value.items() if key not in gone}
    elif base.is_list:
        kept = [child for child in base.value if child.plain not in gone]
    else:
        raise ConfigError("- removes from a list, and what it removes from is none", where=less.where(key=True))
    return Setting(kept, base.sources + less.sources)


def removals_of_nothing(base: Setting | None, over: Setting) -> Iterator[tuple[Setting, list[str]]]:
    """What `-key` names and the layers below do not have, with what they have instead."""
    for key, child in over.mapping().items():
        if operator(key, child) == "-" and key[1:] not in over.value:
            known = _entries(base.get(key[1:]) if base else None)
            yield from ((item, known) for item in child.value if item.plain not in known)
        else:
            yield from removals_of_nothing(base.get(key) if base else None, child)


def _entries(setting: Setting | None) -> list[Any]:
    """What can be removed: the keys of a mapping, the items of a list."""
    plain = setting.plain if setting else []
    return list(plain) if isinstance(plain, (dict, list)) else []
