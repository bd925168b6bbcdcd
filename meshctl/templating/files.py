"""Templates in files: found, compiled, rendered."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, BytecodeCache, Environment
from jinja2.bccache import Bucket
from jinja2.exceptions import TemplateNotFound

from meshctl import __version__, cache
from meshctl.errors import TemplateError, Where, raise_all
from meshctl.templating import budget
from meshctl.templating.counting import VERSION
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


class Loader(BaseLoader):
    def __init__(self, folders: Folders) -> None:
        self.folders = folders

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:  # noqa: ARG002 - Jinja's signature
        found = self.folders.source(template)
        if found is None:
            raise TemplateNotFound(template)
        return *found, None


def environment(folders: Folders, home: Path | None, takes_in: TakesIn | None) -> Templates:
    bytecode = (
        cache.private(home / f"templates-{__version__}-{VERSION}-{sys.implementation.cache_tag}") if home else None
    )
    watched = {"takes_in": takes_in} if takes_in else {}
    return Templates(folders, bytecode_cache=Bytecode(bytecode) if bytecode else None, **watched)


class Bytecode(BytecodeCache):
    """One file a template, known by the template's path and good only for the very text that it was compiled from.

    Jinja's own cache lets `marshal` read item by item from the file, which takes three times as long.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            with open(f"{self._folder}/{bucket.key}", "rb") as file:  # noqa: PTH123 - a Path costs as much as the reading
                content = file.read()
        except OSError:
            return
        checksum = bucket.checksum.encode()
        if content.startswith(checksum):
            with suppress(ValueError, EOFError, TypeError):
                bucket.code = marshal.loads(content[len(checksum) :])  # noqa: S302 - written by us, in a folder of ours

    def dump_bytecode(self, bucket: Bucket) -> None:
        cache.write(self._folder / bucket.key, bucket.checksum.encode() + marshal.dumps(bucket.code))


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
