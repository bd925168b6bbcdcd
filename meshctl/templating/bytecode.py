"""What templates were compiled to, kept from run to run in one file a project: on most disks, to make a file for each
template takes as long as to compile them."""

from __future__ import annotations

import hashlib
import marshal
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket, bc_version

from meshctl import __version__, cache
from meshctl.templating.counting import VERSION
from meshctl.templating.folders import Folders


class Bytecode(BytecodeCache):
    """Known by the template's name, and good only for the very text that it was compiled from.

    `home` is the folder of caches; where that is not its owner's alone, nothing is read and nothing kept.
    """

    def __init__(self, home: Path, folders: Folders) -> None:
        private = cache.private(home / f"templates-{__version__}-{VERSION}.{bc_version}-{sys.implementation.cache_tag}")
        paths = "\n".join(map(str, folders.paths))
        self._file = private / hashlib.sha256(paths.encode()).hexdigest()[:16] if private else None
        self._folders = folders
        self._changed = False

    def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002 - Jinja's signature
        return name

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._kept.get(bucket.key, ("", b""))
        if checksum == bucket.checksum:
            with suppress(ValueError, EOFError, TypeError):
                bucket.code = marshal.loads(code)  # noqa: S302 - written by us, in a folder of ours

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.checksum, marshal.dumps(bucket.code)
        self._changed = True

    def save(self) -> None:
        """Of the templates that there are, those too that this run had no use for."""
        if self._file and self._changed:
            there = {name: self._kept[name] for name in self._folders.files() if name in self._kept}
            cache.write_sealed(self._file, marshal.dumps(there))
            self._changed = False

    @cached_property
    def _kept(self) -> dict[str, tuple[str, bytes]]:
        content = cache.read_sealed(self._file) if self._file else None
        kept: dict[str, tuple[str, bytes]] = marshal.loads(content) if content else {}  # noqa: S302 - as above
        return kept
