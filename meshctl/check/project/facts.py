"""What rules of the project look at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from meshctl import yamlio
from meshctl.check.subject import Subject
from meshctl.config import Config
from meshctl.errors import MeshctlError
from meshctl.plan import Plan
from meshctl.templating import Folders

_TAG = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, eq=False)
class ProjectFacts:
    """`plan` has the services that are checked, `subject` their objects."""

    plan: Plan
    subject: Subject

    @property
    def config(self) -> Config:
        return self.plan.config

    @property
    def is_whole(self) -> bool:
        """Whether all services are checked: what is used nowhere can be told only then."""
        return len(self.plan.services) == len(self.config.services)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word inside of a tag of a template, or of an expression of the config: what is not among them, nobody
        reads."""
        return frozenset(word for text in self._texts() for tag in _TAG.findall(text) for word in _WORD.findall(tag))

    def _texts(self) -> Iterator[str]:
        """Of all templates and files of the config; what cannot be read, such as a picture, has no words."""
        folders = Folders(self.config.template_paths, self.config.project_root)
        for name in folders.files():
            with suppress(MeshctlError):
                yield (folders.source(name) or ("", ""))[0]
        for file in sorted({origin.where.file for origin in self.config.origins if origin.where}):
            with suppress(MeshctlError):
                yield yamlio.read_text(self.config.project_root / file, file)
