"""What is wrong with a template, with file and line, in words that help whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError

from meshctl import yamlio
from meshctl.errors import MeshctlError, TemplateError, Where, did_you_mean
from meshctl.templating.folders import Folders
from meshctl.templating.jinja import UndefinedName, fault, go_action
from meshctl.templating.pointing import spot, unclosed, word_of


@dataclass(frozen=True)
class Faults:
    """Explains what one template raised. `render` renders it again with other variables; `definers` says who could
    define a variable that is missing."""

    render: Callable[[Mapping[str, Any]], object]
    folders: Folders
    variables: Mapping[str, Any]
    definers: str

    def of(self, error: Exception) -> Iterator[MeshctlError]:
        """The fault; for a name that is missing, all such names, as far as rendering gets without them."""
        if go := self._go_syntax(error):
            yield go
            return
        yield self._placed(error)
        supposed = dict(self.variables)
        while (name := _missing_variable(error)) and name not in supposed:
            supposed[name] = ChainableUndefined()
            try:
                self.render(supposed)
            except UndefinedName as another:
                error = another
                if _missing_variable(error) not in supposed:
                    yield self._placed(error)
            except Exception:  # noqa: BLE001 - whatever comes of what we supposed
                return

    def _placed(self, error: Exception) -> MeshctlError:
        """For a fault in a partial, also with the line of the template that took the partial in."""
        known = self._explained(error)
        found = _frames(error)
        frames = [Where(self.folders.shown(file), line) for file, line in found]
        where = known.where or (self._to_blame(error, found) if found else None)
        by = f" (included by {frames[0]})" if where and frames and frames[0].file != where.file else ""
        return type(known)(known.message + by, code=known.code, where=where, suggestion=known.suggestion)

    def _to_blame(self, error: Exception, frames: list[tuple[str, int]]) -> Where:
        """The innermost frame, but for a word that it was only handed, as a macro's argument."""
        word = word_of(error)
        for file, line in reversed(frames):
            at = spot(_text(file), line, word)
            if at.column:
                return Where(self.folders.shown(file), *at)
        file, line = frames[-1]
        block = re.search(r"Unexpected end of template.* closed is '(\w+)'", str(error))
        return Where(self.folders.shown(file), (block and unclosed(_text(file), block[1])) or line)

    def _explained(self, error: Exception) -> MeshctlError:
        known = fault(error, self.variables)
        if isinstance(error, TemplateNotFound):
            known.message = f"there is no template {error.name}"
            known.suggestion = did_you_mean(str(error.name), self.folders.files())
        elif name := _missing_variable(error):
            known.suggestion = self._who_defines(name)
        return known

    def _who_defines(self, name: str) -> str:
        if name in self.variables:
            return "a partial sees variables only when it is imported `with context`; or pass it as an argument"
        near = did_you_mean(name, self.variables)
        return f"{near} or define it: {self.definers}" if near else f"define it: {self.definers}"

    def _go_syntax(self, error: Exception) -> TemplateError | None:
        """Some of it is Jinja by chance: `{{ end }}` is a variable that nobody defined."""
        frames = _frames(error)
        if not frames or not isinstance(error, (TemplateSyntaxError, UndefinedName)):
            return None
        file = self.folders.shown(frames[-1][0])
        text = _text(frames[-1][0])
        action = go_action(text)
        if action is None:
            return None
        start = action.start()
        where = Where(file, text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
        advice = "templates are Jinja; meshctl migrate translates Go templates"
        return TemplateError(f"this is Go template syntax: {action[0]}", code="MSH103", where=where, suggestion=advice)


def _text(file: str) -> str:
    return yamlio.read_text(Path(file), file)


def _missing_variable(error: Exception) -> str:
    """The variable that nobody defined, "" for any other fault."""
    return error.name if isinstance(error, UndefinedName) and error.owner is None else ""


def _frames(error: Exception) -> list[tuple[str, int]]:
    """The files and lines of templates that the error came through, the innermost last."""
    frames = []
    traceback = error.__traceback__
    while traceback:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            frames.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    if isinstance(error, TemplateSyntaxError):
        # Of a comment or a raw block that is not closed, Jinja takes the file for the name.
        frames.append((error.filename or error.name or "", error.lineno))
    return [(file, line) for file, line in frames if file not in ("", "<unknown>")]
