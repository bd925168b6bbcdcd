"""From a template and its variables to a text and the documents in it, by way of what is kept of earlier runs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from meshctl import templating
from meshctl.config import Config
from meshctl.render.documents import documents_of
from meshctl.render.project_files import project_file
from meshctl.render.renderings import Given, Rendered, Renderings, Sources, private_folder
from meshctl.render.texts import Template, Text
from meshctl.templating import Folders
from meshctl.yamlio import Document

if TYPE_CHECKING:
    from meshctl.templating.files import Templates


class Renderer:
    """The templates of one project. Jinja is not even imported while nothing has changed since the last run."""

    def __init__(self, config: Config, cache: Path) -> None:
        self.folders = Folders(config.template_paths, config.project_root)
        self._root = config.project_root
        self._cache = cache
        self._sources = Sources(self.folders, self._root)
        name = f"{self._root} {config.file}"
        self.renderings = Renderings(private_folder(cache), name, self._sources, self.folders)

    def rendered(self, template: Template, given: Given, definers: str) -> tuple[Text, list[Document]]:
        """Raises TemplateError, or Problems. `definers` says who could have defined a variable that is missing."""
        if kept := self.renderings.recall(template, given):
            return self._text(template, kept.text, given), kept.documents
        text = self.fresh(template, given, definers)
        documents = documents_of(text)
        self.renderings.remember(template, given, Rendered(text.text, documents))
        return text, documents

    def fresh(self, template: Template, given: Given, definers: str) -> Text:
        """The text alone, and nothing of it is kept."""
        content = templating.render(self._templates, template.name, given.variables, definers)
        return self._text(template, content, given)

    def close(self, *, keep: bool) -> None:
        """Saves for the next run what was compiled and, with `keep`, what was rendered, and lets go of it: a text that
        is to say where it comes from has its template compiled again."""
        if keep:
            self.renderings.save()
        if "_templates" in vars(self):
            self._templates.save()
            del self._templates

    def _text(self, template: Template, content: str, given: Given) -> Text:
        return Text(template, content, given.variables, self.folders, lambda: self._templates)

    @cached_property
    def _templates(self) -> Templates:
        templates = templating.environment(self.folders, self._cache, self._sources.takes_in)
        templates.globals["file"] = project_file(self._root, self._sources.files.add)
        return templates
