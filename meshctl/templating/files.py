"""Templates in files: found, compiled, rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment
from jinja2.exceptions import TemplateNotFound

from meshctl.errors import TemplateError, Where, raise_all
from meshctl.templating import budget
from meshctl.templating.bytecode import Bytecode
from meshctl.templating.faults import Faults
from meshctl.templating.folders import Folders
from meshctl.templating.jinja import Dialect
from meshctl.templating.limits import LARGEST_TEXT

TakesIn = Callable[[str, str], object]  # is told the name of a template and that of one that it takes in


class Templates(Dialect):
    """The dialect over folders of templates; what is compiled once stays compiled."""

    def __init__(self, folders: Folders, takes_in: TakesIn = lambda _parent, _name: None, **options: Any) -> None:
        # A file's last newline may belong to a block scalar.
        super().__init__(
            loader=Loader(folders), cache_size=-1, auto_reload=False, keep_trailing_newline=True, **options
        )
        self.folders = folders
        self._takes_in = takes_in

    def join_path(self, template: str, parent: str) -> str:
        """Jinja asks at every include, import and extends, also of what it has compiled."""
        name = self.folders.resolve(template, parent)
        self._takes_in(parent, name)
        return name

    def save(self) -> None:
        """Keeps for the next run what was compiled in this one."""
        if isinstance(self.bytecode_cache, Bytecode):
            self.bytecode_cache.save()


class Loader(BaseLoader):
    def __init__(self, folders: Folders) -> None:
        self.folders = folders

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:  # noqa: ARG002 - Jinja's signature
        found = self.folders.source(template)
        if found is None:
            raise TemplateNotFound(template)
        return *found, None


def environment(folders: Folders, home: Path | None, takes_in: TakesIn | None) -> Templates:
    watched = {"takes_in": takes_in} if takes_in else {}
    return Templates(folders, bytecode_cache=Bytecode(home, folders) if home else None, **watched)


def render(templates: Templates, name: str, variables: Mapping[str, Any], definers: str) -> str:
    try:
        return _rendered(templates, name, variables)
    except Exception as error:
        again = partial(_rendered, templates, name)
        raise_all(Faults(again, templates.folders, variables, definers).of(error))
        raise


def _rendered(templates: Templates, name: str, variables: Mapping[str, Any]) -> str:
    with budget.limited():
        return "".join(_pieces(templates, name, variables))


def _pieces(templates: Templates, name: str, variables: Mapping[str, Any]) -> Iterator[str]:
    size = 0
    for piece in templates.get_template(name).generate(variables):
        size += len(piece)
        if size > LARGEST_TEXT:
            message = f"this renders to more than {LARGEST_TEXT // 2**20} MB"
            raise TemplateError(message, code="MSH114", where=Where(templates.folders.shown_name(name)))
        yield piece
