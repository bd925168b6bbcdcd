"""Templates in files: found, compiled, rendered."""

from __future__ import annotations

import marshal
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, BytecodeCache, Environment
from jinja2.bccache import Bucket
from jinja2.exceptions import TemplateNotFound

from meshctl import __version__
from meshctl.errors import TemplateError, Where, raise_all
from meshctl.templating.faults import Faults
from meshctl.templating.folders import Folders
from meshctl.templating.jinja import LARGEST_TEXT, Dialect


class Templates(Dialect):
    """The dialect over folders of templates; what is compiled once stays compiled."""

    def __init__(self, folders: Folders, **options: Any) -> None:
        # A file's last newline may belong to a block scalar.
        super().__init__(
            loader=Loader(folders), cache_size=-1, auto_reload=False, keep_trailing_newline=True, **options
        )
        self.folders = folders

    def join_path(self, template: str, parent: str) -> str:
        return self.folders.resolve(template, parent)


class Loader(BaseLoader):
    def __init__(self, folders: Folders) -> None:
        self.folders = folders

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:  # noqa: ARG002 - Jinja's signature
        found = self.folders.source(template)
        if found is None:
            raise TemplateNotFound(template)
        return *found, None


def environment(folders: Folders, cache: Path | None) -> Templates:
    return Templates(folders, bytecode_cache=_bytecode_cache(cache) if cache else None)


def _bytecode_cache(cache: Path) -> BytecodeCache | None:
    """Whoever can write there can run code as us, so it is for its owner alone; no cache where there can be none."""
    folder = cache / f"templates-{__version__}-{sys.implementation.cache_tag}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return None
    return Bytecode(folder)


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
        """Readers see the whole file or none; a full disk costs time only."""
        path = self._folder / bucket.key
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            temporary.write_bytes(bucket.checksum.encode() + marshal.dumps(bucket.code))
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def render(templates: Templates, name: str, variables: Mapping[str, Any], definers: str) -> str:
    try:
        return _rendered(templates, name, variables)
    except Exception as error:
        again = partial(_rendered, templates, name)
        raise_all(Faults(again, templates.folders, variables, definers).of(error))
        raise


def _rendered(templates: Templates, name: str, variables: Mapping[str, Any]) -> str:
    found: list[str] = []
    size = 0
    for piece in templates.get_template(name).generate(variables):
        found.append(piece)
        size += len(piece)
        if size > LARGEST_TEXT:
            message = f"this renders to more than {LARGEST_TEXT // 2**20} MB"
            raise TemplateError(message, code="MSH114", where=Where(templates.folders.shown_name(name)))
    return "".join(found)
