"""What templates rendered to, kept from run to run: what has not changed is not rendered and not parsed again.

A rendering is good as long as all that went into it is the same, by content: the template and whatever it takes in,
the files of the project that `file` gave it, and its variables. The environment is one of those only for a template
that can see it: some of its variables are never twice the same. A text with a Secret in it is not kept.
"""

from __future__ import annotations

import functools
import hashlib
import json
import marshal
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl import __version__, cache, templating, yamlio
from meshctl.errors import MeshctlError, Where
from meshctl.templating import Folders
from meshctl.yamlio import Document

if TYPE_CHECKING:
    from meshctl.render.texts import Template

Digests = dict[str, str]  # of contents, by name; "" for what is not there

_ENVIRONMENT = ("env", "meshctl")  # the variables that have it in them
_MENTIONS = re.compile(r"\{[{%](?:(?![}%]\}).)*\b(?:env|meshctl)\b", re.DOTALL)


class Rendered(NamedTuple):
    """A text and the documents in it."""

    text: str
    documents: list[Document]


class Given:
    """The variables of a service, and their digests."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.variables = variables

    def digest(self, *, environment: bool) -> str:
        return self._whole if environment else self._without_environment

    @cached_property
    def _whole(self) -> str:
        return _digest(json.dumps(self.variables))

    @cached_property
    def _without_environment(self) -> str:
        return _digest(json.dumps({name: value for name, value in self.variables.items() if name not in _ENVIRONMENT}))


class _Kept(NamedTuple):
    """`documents` are value, line and warnings of each; `variables` is their digest, with the `environment` or
    without."""

    variables: str
    environment: bool
    templates: Digests
    files: Digests
    text: str
    documents: list[tuple[Any, int, list[tuple[int, int, str]]]]


class Sources:
    """What the templates of one run have taken in, and the digests of all that can be taken in."""

    def __init__(self, folders: Folders, root: Path) -> None:
        self.files: set[str] = set()
        self._folders = folders
        self._root = root
        self._taken_in: dict[str, set[str]] = defaultdict(set)
        self._digests: Digests = {}
        self._texts: dict[str, str] = {}

    def takes_in(self, parent: str, name: str) -> None:
        self._taken_in[parent].add(name)

    def of(self, name: str) -> set[str]:
        """The template and all that it has taken in, directly or not, whenever that was."""
        found, new = {name}, [name]
        while new:
            fresh = self._taken_in.get(new.pop(), set()) - found
            found |= fresh
            new.extend(fresh)
        return found

    def template(self, name: str) -> str:
        """The digest of a template. One that cannot be read has none: whoever renders it will say why."""
        if name not in self._digests:
            try:
                source = self._folders.source(name)
            except MeshctlError:
                source = None
            self._texts[name] = source[0] if source else ""
            self._digests[name] = _digest(source[0]) if source else ""
        return self._digests[name]

    def sees_environment(self, names: Iterable[str]) -> bool:
        """A macro's own argument `env` is not it. What is no template sees nothing, and is told elsewhere."""
        texts = [self._texts[name] for name in names if self.template(name)]
        return any(_MENTIONS.search(text) and not _bare(text).isdisjoint(_ENVIRONMENT) for text in texts)

    def file(self, path: str) -> str:
        try:
            return _digest(yamlio.read_text(self._root / path, path))
        except MeshctlError:
            return ""


class Renderings:
    """`folder` is the private cache folder, None where there is none; `name` tells projects and environments apart."""

    def __init__(self, folder: Path | None, name: str, sources: Sources, folders: Folders) -> None:
        self.sources = sources
        self._file = folder / _digest(name)[:16] if folder else None
        self._names = _digest("\n".join((*_Kept._fields, *folders.files())))
        self._kept = self._load()
        self._changed = False

    def recall(self, template: Template, given: Given) -> Rendered | None:
        """What the template rendered to when all was as it is now."""
        content = self._kept.get(template.file)
        kept = _Kept(*marshal.loads(content)) if content else None  # noqa: S302 - written by us, in a folder of ours
        if kept is None or not self._is_current(kept, template, given):
            return None
        return Rendered(kept.text, _documents(template, kept))

    def remember(self, template: Template, given: Given, rendered: Rendered) -> None:
        """What a template has just rendered to, before anybody changes the values."""
        self._changed |= self._kept.pop(template.file, None) is not None
        if any(_is_secret(document.value) for document in rendered.documents):
            return
        with suppress(ValueError):
            self._kept[template.file] = marshal.dumps(tuple(self._keepable(template, given, rendered)))
            self._changed = True

    def save(self) -> None:
        """Also what this run had no use for: the next one may select other services."""
        if self._file and self._changed:
            cache.write_sealed(self._file, marshal.dumps((self._names, self._kept)))
            self._changed = False

    def _load(self) -> dict[str, bytes]:
        """Nothing when a template came or went: another file may be the one that an include means now."""
        content = cache.read_sealed(self._file) if self._file else None
        names, kept = marshal.loads(content) if content else ("", {})  # noqa: S302 - as above
        return kept if names == self._names else {}

    def _keepable(self, template: Template, given: Given, rendered: Rendered) -> _Kept:
        names = self.sources.of(template.name)
        environment = self.sources.sees_environment(names)
        return _Kept(
            given.digest(environment=environment),
            environment,
            {name: self.sources.template(name) for name in sorted(names)},
            {path: self.sources.file(path) for path in sorted(self.sources.files)},
            rendered.text,
            [
                (each.value, each.line, [(at.line, at.column, said) for at, said in each.warnings])
                for each in rendered.documents
            ],
        )

    def _is_current(self, kept: _Kept, template: Template, given: Given) -> bool:
        return (
            template.name in kept.templates
            and all(self.sources.template(name) == digest for name, digest in kept.templates.items())
            and all(self.sources.file(path) == digest for path, digest in kept.files.items())
            and given.digest(environment=kept.environment) == kept.variables
        )


def private_folder(home: Path) -> Path | None:
    """Where renderings are kept: values of templates may be confidential, so it is for its owner alone."""
    return cache.private(home / f"renderings-{__version__}-{sys.implementation.cache_tag}")


def _documents(template: Template, kept: _Kept) -> list[Document]:
    """The text is parsed, once for all of them, when somebody asks for the place of something in one."""
    parsed = functools.cache(lambda: yamlio.load_all(kept.text, template.name))

    def document(index: int) -> Document:
        value, line, warnings = kept.documents[index]
        placed = tuple((Where(template.name, *at), said) for *at, said in warnings)
        places = lambda: parsed()[index].places()  # noqa: E731, PLW0108 - parsed when somebody asks
        return Document(value, template.name, line, placed, places)

    return [document(index) for index in range(len(kept.documents))]


def _is_secret(value: Any) -> bool:
    """Also one inside a list."""
    if not isinstance(value, dict):
        return False
    items = value.get("items")
    return value.get("kind") == "Secret" or (isinstance(items, list) and any(map(_is_secret, items)))


def _bare(text: str) -> frozenset[str]:
    try:
        return templating.names(text)
    except MeshctlError:
        return frozenset()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
