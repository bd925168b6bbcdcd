"""The templates of a service, and the texts that they render to, each line traceable to its template."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from meshctl import templating
from meshctl.config import Config
from meshctl.errors import ConfigError, TemplateError, Where, did_you_mean
from meshctl.manifest import NAMESPACE_SERVICE
from meshctl.templating import Folders

if TYPE_CHECKING:
    from meshctl.templating.files import Templates
    from meshctl.templating.tracing import Origin, Trace

_SUFFIX = re.compile(r"\.ya?ml(\.j2)?\Z")


@dataclass(frozen=True)
class Template:
    """`name` is the path below the template folders, `file` the one below the output folder."""

    service: str
    name: str
    file: str


@dataclass(frozen=True)
class Text:
    """What a template rendered to."""

    template: Template
    text: str
    variables: Mapping[str, Any]
    folders: Folders
    templates: Callable[[], Templates]

    @property
    def source(self) -> str:
        """The template's file, as messages have it."""
        return self.folders.shown_name(self.template.name)

    def origin(self, line: int, column: int = 1) -> Origin | None:
        """Where a place in the text comes from, as far as that can be told."""
        return self._trace.origin(line, column) if self._trace else None

    def where(self, line: int) -> Where:
        """The template's own line that made a line of the text."""
        origin = self.origin(line)
        return origin.outer if origin else Where(self.source)

    def error(self, message: str, code: str, place: Where, suggestion: str = "") -> TemplateError:
        """A fault at a place of the text, told at the place of the template that made it."""
        origin = self.origin(place.line, place.column)
        if origin is None:
            return TemplateError(message, code=code, where=Where(self.source), suggestion=suggestion)
        by = f" (included by {origin.outer})" if origin.inner.file != origin.outer.file else ""
        return TemplateError(message + by, code=code, where=origin.inner, suggestion=suggestion)

    @cached_property
    def _trace(self) -> Trace | None:
        """None for a template that does something else when its text has marks."""
        try:
            return templating.trace(self.templates(), self.template.name, self.variables, self.text)
        except Exception:  # noqa: BLE001 - a second rendering for the sake of a message must not fail where the first did not
            return None


def templates_of(config: Config, folders: Folders, service: str) -> list[Template]:
    """The templates of a service, sorted by name. Raises ConfigError when it has none, TemplateError for two that
    render to one file; only `_namespace` may have none."""
    folder = (config.services[service].template if service in config.services else "") or service
    names = [name for name in folders.files(folder) if _is_template(name.removeprefix(f"{folder}/"))]
    if not names and service != NAMESPACE_SERVICE:
        raise _no_templates(config, folders, service, folder)
    files: dict[str, str] = {}
    for name in names:
        file = f"{service}/{name.removeprefix(f'{folder}/').removesuffix('.j2')}"
        if file in files:
            raise TemplateError(f"{files[file]} and {name} both render to {file}", suggestion="keep one of the two")
        files[file] = name
    return [Template(service, name, file) for file, name in files.items()]


def _is_template(path: str) -> bool:
    """Partials begin with an underscore, as do folders of them."""
    return _SUFFIX.search(path) is not None and not any(part.startswith("_") for part in path.split("/"))


def _no_templates(config: Config, folders: Folders, service: str, folder: str) -> ConfigError:
    shown = folders.shown(folders.paths[0])
    known = {name.partition("/")[0] for name in folders.files() if "/" in name}
    advice = did_you_mean(folder, known - {folder})
    return ConfigError(
        f"service {service} has no templates: there is no *.yaml or *.yaml.j2 in {shown}/{folder}",
        code="MSH109",
        where=config.services[service].where,
        suggestion=advice or "put one there, or name the folder of another service with `template`",
    )
