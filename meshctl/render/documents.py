"""From a rendered text to the objects in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meshctl import yamlio
from meshctl.errors import Caution, MeshctlError, Problems, TemplateError, Where, YamlError, raise_all
from meshctl.identity import ObjectRef
from meshctl.manifest import Source, object_faults, unpacked
from meshctl.render.texts import Text
from meshctl.yamlio import Document, Path

NO_YAML = "MSH105"
INCOMPLETE = "MSH106"
AMBIGUOUS = "MSH003"


@dataclass(frozen=True)
class Draft:
    """An object on its way to be a manifest: its body is still ours alone to change. `path` leads to it in a List."""

    body: dict[str, Any]
    text: Text
    document: Document
    path: Path = ()

    @property
    def service(self) -> str:
        return self.text.template.service

    @cached_property
    def ref(self) -> ObjectRef:
        """Asked for only once the object has its namespace."""
        return ObjectRef.of(self.body)

    def source(self, path: Path = (), *, key: bool = False) -> Source:
        """Where the value at `path` in the object is written, or its key; the object itself for no path."""
        if not path:
            where = self.where()
            return Source(where, where)
        place = self.document.where((*self.path, *path), key=key)
        origin = self.text.origin(place.line, place.column)
        unknown = Where(self.text.source)
        return Source(origin.inner, origin.outer) if origin else Source(unknown, unknown)

    def where(self) -> Where:
        """The line of the template, not of a partial, that made the object."""
        return self.text.where(self.document.where(self.path).line if self.path else self.document.line)

    def error(self, message: str, code: str, path: Path = (), suggestion: str = "") -> TemplateError:
        """A fault of the value at `path` in the object."""
        return self.text.error(message, code, self.document.where((*self.path, *path)), suggestion)


def documents_of(text: Text) -> list[Document]:
    """Raises YamlError or Problems, at the places of the template."""
    try:
        return yamlio.load_all(text.text, text.template.name)
    except (YamlError, Problems) as error:
        faults = [_placed(each, text) for each in getattr(error, "errors", (error,))]
    raise_all(faults)
    return []


def drafts_of(
    text: Text, documents: Iterable[Document], errors: list[MeshctlError], warnings: list[Caution]
) -> list[Draft]:
    """The objects of a text, those in Lists one by one; what is no object is added to `errors`."""
    drafts = []
    for document in documents:
        for where, message in document.warnings:
            warnings.append(Caution(AMBIGUOUS, message, text.error("", AMBIGUOUS, where).where))
        for path, body in unpacked(document.value):
            draft = Draft(body, text, document, path)
            faults = list(object_faults(body))
            errors.extend(draft.error(fault.message, INCOMPLETE, fault.path, fault.suggestion) for fault in faults)
            if not faults:
                drafts.append(draft)
    return drafts


def _placed(error: MeshctlError, text: Text) -> TemplateError:
    """A fault of the rendered text in terms of the template, also the other line that the message tells."""
    place = error.where or Where(text.template.name, 1)
    origin = text.origin(place.line, place.column)
    file = origin.inner.file if origin else ""

    def line_of_template(match: re.Match[str]) -> str:
        other = text.origin(int(match[1]))
        if other is None:
            return "in an earlier line"
        return f"in line {other.inner.line}" if other.inner.file == file else f"in {other.inner}"

    message = re.sub(r"in line (\d+)", line_of_template, error.message)
    code = NO_YAML if error.code == YamlError.default_code else error.code
    return text.error(message, code, place, error.suggestion)
