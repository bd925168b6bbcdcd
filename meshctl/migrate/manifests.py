"""The manifests in a file before it is rendered: its actions masked, its documents one by one.

What cannot be read as YAML keeps its text; the other documents of the file are read nevertheless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshctl import yamlio
from meshctl.errors import Where, YamlError
from meshctl.migrate.gotemplate.lexer import lexemes
from meshctl.migrate.gotemplate.tree import GoSyntaxError
from meshctl.templating import is_go, is_templated
from meshctl.yamlio import Node

MASK = "\ue000"
"""Stands for each character of an expression, so that everything keeps its place."""
_SEPARATOR = re.compile(r"^---(?=\s|$).*\n?", re.MULTILINE)
_SILENT = re.compile(
    r"\{[%#]|\{\{-?\s*(?:/\*|(?:if|else|end|range|with|define|template|block|break|continue)\b|\$\w*\s*:?=)"
)
_CONTROL = re.compile(r"\{%|\{\{-?\s*(?:if|else|end|range|with)\b")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True)
class Manifest:
    """One object in a text. `start` and `end` are its document's, without the separator; `node` is its root."""

    file: str
    source: str
    start: int
    end: int
    node: Node
    masked: str = field(repr=False)

    def where(self, node: Node) -> Where:
        return Where(self.file, self.source.count("\n", 0, self.start + node.start) + 1, node.column)

    def text(self, node: Node) -> str:
        """As it is written, actions and all."""
        return self.source[self.start + node.start : self.start + node.end]

    def plain(self, node: Node | None) -> Any:
        """The value; a scalar with actions is the text that it is written as."""
        if node is None or node.kind == "alias":
            return None
        if node.kind == "mapping":
            return {str(self.plain(key)): self.plain(value) for key, value in node.entries}
        if node.kind == "sequence":
            return [self.plain(item) for item in node.items]
        if not self.has_actions(node):
            return node.value
        text = self.text(node)
        return text[1:-1] if text[:1] in "\"'" else text

    def has_actions(self, node: Node) -> bool:
        return MASK in self.masked[node.start : node.end]

    def has_conditions(self, node: Node) -> bool:
        """Whether something in it is there only sometimes, or more than once: that cannot be moved elsewhere."""
        return _CONTROL.search(self.text(node)) is not None

    def is_short(self, node: Node) -> bool:
        """Whether it is a scalar within one line, which reads the same wherever it is written."""
        return node.kind == "scalar" and "\n" not in self.text(node)

    def get(self, *path: str) -> Any:
        return self.plain(self.node.get(*path))

    def mapping(self, *path: str) -> dict[str, Any]:
        """Empty where there is none, as in what another kind of value or an action stands for."""
        found = self.get(*path)
        return found if isinstance(found, dict) else {}

    def entries(self, *path: str) -> list[dict[str, Any]]:
        """The mappings of a list, none where there is no list."""
        found = self.get(*path)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @property
    def api_version(self) -> str:
        return str(self.get("apiVersion") or "")

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        return str(self.get("kind") or "")

    @property
    def name(self) -> str:
        return str(self.get("metadata", "name") or "")

    @property
    def namespace(self) -> str:
        return str(self.get("metadata", "namespace") or "")

    def __str__(self) -> str:
        return f"{self.kind} {self.name or '(no name)'}"


@dataclass(frozen=True)
class Unread:
    """A document that is no YAML before it is rendered."""

    where: Where
    message: str


def manifests(source: str, file: str) -> tuple[list[Manifest], list[Unread]]:
    """The objects of a file, and what could not be read of it; nothing for one that Go refuses."""
    try:
        masked = _masked(source)
    except GoSyntaxError:
        return [], []
    found: list[Manifest] = []
    unread: list[Unread] = []
    for start, end in _documents(masked):
        text = masked[start:end]
        try:
            nodes = yamlio.compose(text, file)
        except YamlError as error:
            where = error.where or Where(file)
            line = where.line + source.count("\n", 0, start)
            unread.append(Unread(Where(file, line, where.column), error.message))
            continue
        found += [Manifest(file, source, start, end, node, text) for node in nodes if node.kind == "mapping"]
    return found, unread


def _masked(source: str) -> str:
    """Expressions as texts of the same length; what writes nothing itself, or is alone on its line, as blanks."""
    parts: list[str] = []
    position = 0
    for start, end in _tags(source):
        tag = source[start:end]
        silent = _SILENT.match(tag) or _is_alone(source, start, end)
        parts += [source[position:start], re.sub(r"[^\n]", " " if silent else MASK, tag)]
        position = end
    return "".join([*parts, source[position:]])


def _tags(source: str) -> Iterator[tuple[int, int]]:
    """Where the actions are, Go's or, in a project that has been migrated, Jinja's."""
    if is_templated(source) and not is_go(source):
        yield from (found.span() for found in _JINJA.finditer(source))
        return
    for lexeme in lexemes(source):
        if lexeme.tag:
            yield lexeme.tag.start, lexeme.tag.end


def _is_alone(source: str, start: int, end: int) -> bool:
    before = source[source.rfind("\n", 0, start) + 1 : start]
    return not before.strip() and not source[end:].partition("\n")[0].strip()


def _documents(masked: str) -> Iterator[tuple[int, int]]:
    start = 0
    for separator in _SEPARATOR.finditer(masked):
        yield start, separator.start()
        start = separator.end()
    yield start, len(masked)


def walk(manifest: Manifest, *path: str) -> Iterator[Node]:
    """The mappings at a path; `*` is every item of a list. A key that branches of a template both have counts twice."""
    nodes = [manifest.node]
    for step in path:
        if step == "*":
            nodes = [item for node in nodes for item in node.items]
        else:
            nodes = [value for node in nodes for key, value in node.entries if key.value == step]
    yield from (node for node in nodes if node.kind == "mapping")


def labels_match(selector: Mapping[str, Any] | None, labels: Mapping[str, Any]) -> bool:
    return bool(selector) and all(labels.get(key) == value for key, value in (selector or {}).items())


def of_kind(found: Sequence[Manifest], group: str, *kinds: str) -> list[Manifest]:
    return [manifest for manifest in found if manifest.group == group and manifest.kind in kinds]
