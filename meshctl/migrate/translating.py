"""The templates of a project from Go's syntax to Jinja, each file for itself.

A project that has come from Go already is left alone, so that migrate may run twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meshctl.errors import Where
from meshctl.migrate import gotemplate
from meshctl.migrate.gotemplate import GoSyntaxError, Translation
from meshctl.migrate.report import Change, Kind
from meshctl.templating import is_go


@dataclass(frozen=True)
class Translated:
    """The new text of each file; `uses_macros` says that one of them imports the macros of Go's text."""

    texts: Mapping[str, str]
    changes: Sequence[Change]
    uses_macros: bool


def translate(
    old: Mapping[str, str], edited: Mapping[str, str], environments: Sequence[Mapping[str, Any]]
) -> Translated:
    """`edited` are the texts with what the rules changed; what is told has the places of the old ones."""
    texts = dict(edited)
    changes: list[Change] = []
    uses_macros = False
    for file in sorted(_from_go(old)):
        try:
            translation = _translated(edited[file], environments)
            changes += _told(file, old[file], translation, _translated(old[file], environments))
        except GoSyntaxError as error:
            texts[file], message = old[file], f"Go refuses this template: {error.message}"
            where = place(file, old[file], error.position)
            changes.append(Change("template", "refused", where, message, "it stays as it is"))
            continue
        texts[file] = translation.text
        uses_macros |= translation.uses_macros
    return Translated(texts, changes, uses_macros)


def _from_go(texts: Mapping[str, str]) -> set[str]:
    """The files with Go's syntax, and beside those the files without any, where `{%` is a text and has to stay one."""
    found = {file for file, text in texts.items() if is_go(text)}
    return found | {file for file, text in texts.items() if found and "{{" not in text}


def _translated(text: str, environments: Sequence[Mapping[str, Any]]) -> Translation:
    return gotemplate.translate(gotemplate.parse(text), environments)


def _told(file: str, text: str, new: Translation, old: Translation) -> list[Change]:
    changes = [_change(file, text, remark) for remark in old.remarks]
    at = text.find("{{")
    if at >= 0 and new.text != text:
        changes.append(Change("template", "changed", place(file, text, at), "Go's template syntax is now Jinja"))
    return changes


def _change(file: str, text: str, remark: gotemplate.Remark) -> Change:
    kind: Kind = "refused" if remark.refused else "look"
    why = "gen fails there until it is written by hand" if remark.refused else ""
    return Change("template", kind, place(file, text, remark.position), remark.message, why)


def place(file: str, text: str, position: int) -> Where:
    return Where(file, text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))
