"""Secret variables in objects that are no Secrets.

The values themselves cannot be looked for: one like `local` is everywhere. So templates are rendered once more with
values that nothing else has, and these are looked for, also in what `b64encode` makes of them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meshctl.config import Config, secret_texts
from meshctl.errors import MeshctlError, TemplateError
from meshctl.manifest import NAMESPACE_SERVICE
from meshctl.render.documents import Draft, documents_of, drafts_of
from meshctl.render.renderer import Renderer
from meshctl.render.renderings import Given
from meshctl.render.texts import Template, templates_of
from meshctl.render.variables import Variables
from meshctl.yamlio import Path

LEAKED = "MSH115"
_LONG_ENOUGH = 8  # characters of a value that can be looked for itself, where a template refuses the marked one
_SECRET_FIELDS = ("data", "stringData")


@dataclass(frozen=True)
class Leaks:
    """Looks through what the services of one run render to; `drafts` are the objects that they really make."""

    config: Config
    renderer: Renderer
    variables: Variables
    drafts: Iterable[Draft]

    def of(self, services: Iterable[str]) -> Iterator[TemplateError]:
        for service in (NAMESPACE_SERVICE, *services):
            declared = self.config.services.get(service)
            secret = declared.secret_vars if declared else self.config.secret_vars
            if secret:
                yield from self._of_service(service, secret)

    def _of_service(self, service: str, secret: frozenset[str]) -> Iterator[TemplateError]:
        variables = self.variables.of(service)
        marks = {name: _mark(name) for name in sorted(secret & variables.keys())}
        marked = Given({**variables, **{name: _marked(variables[name], mark) for name, mark in marks.items()}})
        real = {name: [t for t in secret_texts(variables[name]) if len(t) >= _LONG_ENOUGH] for name in marks}
        for template in self._templates(service):
            try:
                drafts, wanted = self._drafts(template, marked), {name: _forms(mark) for name, mark in marks.items()}
            except MeshctlError:
                drafts, wanted = [draft for draft in self.drafts if draft.text.template == template], real
            yield from (leak for draft in drafts for leak in _in_object(draft, wanted))

    def _templates(self, service: str) -> list[Template]:
        try:
            return templates_of(self.config, self.renderer.folders, service)
        except MeshctlError:
            return []  # told before

    def _drafts(self, template: Template, marked: Given) -> list[Draft]:
        text = self.renderer.fresh(template, marked, "")
        return drafts_of(text, documents_of(text), [], [])


def _mark(name: str) -> str:
    return hashlib.sha256(f"meshctl {name}".encode()).hexdigest()[:30]


def _marked(value: Any, mark: str) -> Any:
    """The value with the mark for each scalar in it."""
    if isinstance(value, Mapping):
        return {key: _marked(child, mark) for key, child in value.items()}
    return [_marked(child, mark) for child in value] if isinstance(value, list) else mark


def _forms(mark: str) -> list[str]:
    """The mark itself, and what base64 makes of it at each offset that it may have within a longer text."""
    encoded = (base64.b64encode(b"x" * offset + mark.encode()).decode() for offset in range(3))
    ends = (((offset * 8 + 5) // 6, (offset + len(mark)) * 8 // 6) for offset in range(3))
    return [mark, *(text[first:last] for text, (first, last) in zip(encoded, ends, strict=True))]


def _in_object(draft: Draft, wanted: Mapping[str, list[str]]) -> Iterator[TemplateError]:
    is_secret = draft.body.get("kind") == "Secret" and draft.body.get("apiVersion") == "v1"
    for path, text in _texts(draft.body, ()):
        if is_secret and path[:1] and path[0] in _SECRET_FIELDS:
            continue
        for name, forms in wanted.items():
            if any(form in text or form in text.lower() for form in forms):
                yield _leak(draft, name, path)


def _leak(draft: Draft, name: str, path: Path) -> TemplateError:
    kind, where = draft.body.get("kind"), ".".join(map(str, path))
    message = f"the secret {name} is rendered into {kind}, {where}: only the data of Secrets may have it"
    advice = "put it into a Secret, and refer to that by secretKeyRef or envFrom"
    return draft.error(message, LEAKED, path, advice)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text in an object, keys of mappings too."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield (*path, key), str(key)
            yield from _texts(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*path, index))
