"""Changes of a text at known places: what is not named stays as it is, comments and actions and order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshctl.migrate.manifests import Manifest
from meshctl.migrate.report import Change, Kind
from meshctl.yamlio import Node


@dataclass
class Edits:
    """The edits of all files, collected; `applied` gives a file's text with them, `changes` what they were for."""

    changes: list[Change] = field(default_factory=list)
    _found: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)

    def tell(self, rule: str, kind: Kind, manifest: Manifest, node: Node, message: str, why: str = "") -> None:
        self.changes.append(Change(rule, kind, manifest.where(node), message, why))

    def replace(self, manifest: Manifest, node: Node, text: str) -> None:
        self._add(manifest, node.start, node.end, text)

    def insert(self, manifest: Manifest, at: int, text: str) -> None:
        self._add(manifest, at, at, text)

    def insert_before(self, manifest: Manifest, key: Node, text: str) -> None:
        """Lines before the line of a key of a block mapping; `text` is written with the key's indent."""
        self.insert(manifest, key.start, indented(text, key.column - 1).lstrip() + " " * (key.column - 1))

    def insert_entry(self, manifest: Manifest, mapping: Node, key: Node, block: str, braces: str) -> None:
        """Before another entry, as the mapping is written: in lines, or in braces."""
        if mapping.flow:
            self.insert(manifest, key.start, f"{braces}, ")
        else:
            self.insert_before(manifest, key, block)

    def insert_after(self, manifest: Manifest, key: Node, value: Node, text: str) -> None:
        """Lines after an entry of a block mapping, with its indent."""
        end = _line_end(manifest, value.end)
        newline = "" if manifest.masked[:end].endswith("\n") else "\n"
        self.insert(manifest, end, newline + indented(text, key.column - 1))

    def delete(self, manifest: Manifest, mapping: Node, name: str) -> None:
        """An entry, with its lines where it has lines of its own."""
        entries = list(mapping.entries)
        number = next(number for number, (key, _) in enumerate(entries) if key.value == name)
        key, value = entries[number]
        line_start = manifest.masked.rfind("\n", 0, key.start) + 1
        if len(entries) == 1:
            self._add(manifest, mapping.start, mapping.end, "{}")
        elif not mapping.flow and not manifest.masked[line_start : key.start].strip():
            self._add(manifest, line_start, _line_end(manifest, value.end), "")
        elif number + 1 < len(entries):
            self._add(manifest, key.start, entries[number + 1][0].start, "")
        else:
            self._add(manifest, entries[number - 1][1].end, value.end, "")

    def rewrite(self, manifest: Manifest, mapping: Node, entries: Mapping[str, tuple[str, str]]) -> None:
        """Entries by another key and another value, which is written within one line."""
        for key, value in mapping.entries:
            if key.value in entries:
                self._add(manifest, key.start, value.end, ": ".join(entries[str(key.value)]))

    def remove(self, manifest: Manifest, replacement: str = "") -> None:
        """The whole document, or what comes in its place."""
        start, end = manifest.start, manifest.end
        if not replacement and start:
            start = manifest.source.rfind("---", 0, start)
        self._add_absolute(manifest.file, start, end, replacement)

    def replace_document(self, manifest: Manifest, text: str) -> None:
        """As `remove`, of a document with edits of its own, which go with it."""
        found = self._found.get(manifest.file, [])
        found[:] = [edit for edit in found if not manifest.start <= edit[0] <= edit[1] <= manifest.end]
        self.remove(manifest, text)

    def document(self, manifest: Manifest) -> str:
        """The text of one document with its edits."""
        text, offset = manifest.source[manifest.start : manifest.end], manifest.start
        for start, end, replacement in sorted(self._found.get(manifest.file, ()), reverse=True):
            if offset <= start <= end <= manifest.end:
                text = text[: start - offset] + replacement + text[end - offset :]
        return text

    def applied(self, file: str, source: str) -> str:
        text = source
        for start, end, replacement in sorted(self._found.get(file, ()), reverse=True):
            text = text[:start] + replacement + text[end:]
        return text

    def _add(self, manifest: Manifest, start: int, end: int, text: str) -> None:
        self._add_absolute(manifest.file, manifest.start + start, manifest.start + end, text)

    def _add_absolute(self, file: str, start: int, end: int, text: str) -> None:
        self._found.setdefault(file, []).append((start, end, text))


def indented(text: str, width: int) -> str:
    return "".join(f"{' ' * width}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _line_end(manifest: Manifest, position: int) -> int:
    """Behind the line break after a position."""
    if manifest.masked[:position].endswith("\n"):
        return position
    found = manifest.masked.find("\n", position)
    return len(manifest.masked) if found < 0 else found + 1


def commented(text: str, note: str) -> str:
    """A document that stays to be read, and is none any more."""
    lines = [f"# {line}".rstrip() for line in text.strip("\n").split("\n")]
    return "\n".join([f"# meshctl migrate: {' '.join(note.split())}", *lines]) + "\n"
