"""What earlier checks found, so that what has not changed is not checked again.

An object is known by a digest of its content, all objects together by the digests of all; what was found is good for
the very rules that found it, in the version of meshctl that is installed.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import os
from collections.abc import Iterable, Sequence
from functools import cache as cached
from pathlib import Path
from typing import Any

from meshctl import __version__, cache
from meshctl.check.finding import Fault
from meshctl.manifest import Manifest

Seen = tuple[str, tuple[Any, ...], int]
"""The code of a rule, the fields of its fault, and the place of its manifest among all, -1 for none."""

_MOST_OBJECTS = 20_000  # of one project, changed ones too, before all are forgotten
_MOST_BUNDLES = 8  # selections and kinds of check that one project remembers


class Memory:
    """Of one project. Without a folder it remembers nothing."""

    def __init__(self, folder: Path | None, project: str) -> None:
        private = cache.private(folder / f"findings-{__version__}") if folder else None
        self._file = private / _digest(project.encode())[:16] if private else None
        self._objects: dict[str, list[Seen]] = {}
        self._bundles: dict[str, list[Seen]] = {}
        self._changed = False
        if self._file:
            self._load(self._file)

    def object(self, key: str) -> list[Seen] | None:
        return self._objects.get(key)

    def remember_object(self, key: str, seen: list[Seen]) -> None:
        self._objects[key] = seen
        self._changed = True

    def bundle(self, key: str) -> list[Seen] | None:
        return self._bundles.get(key)

    def remember_bundle(self, key: str, seen: list[Seen]) -> None:
        self._bundles[key] = seen
        self._bundles = dict(list(self._bundles.items())[-_MOST_BUNDLES:])
        self._changed = True

    def save(self) -> None:
        if self._file and self._changed:
            objects = self._objects if len(self._objects) <= _MOST_OBJECTS else {}
            cache.write_sealed(self._file, marshal.dumps((rules_digest(), objects, self._bundles)))
            self._changed = False

    def _load(self, file: Path) -> None:
        content = cache.read_sealed(file)
        rules, objects, bundles = marshal.loads(content) if content else ("", {}, {})  # noqa: S302 - sealed, written by us
        if rules == rules_digest():
            self._objects, self._bundles = objects, bundles


def key_of(manifest: Manifest) -> str:
    """The content of an object."""
    return _digest(json.dumps(manifest.body).encode())


def key_of_all(keys: Sequence[str], *facts: str) -> str:
    """All objects together."""
    return _digest("\n".join((*keys, *facts)).encode())


def packed(code: str, fault: Fault, position: int = -1) -> Seen:
    """A fault of an object as it is kept, without what it refers to."""
    return code, tuple(fault._replace(manifest=None)), position


def unpacked(seen: Seen, manifests: Sequence[Manifest] = ()) -> Fault:
    fault = Fault(*seen[1])
    return fault if seen[2] < 0 else fault._replace(manifest=manifests[seen[2]])


@cached
def rules_digest() -> str:
    """Of the rules as they are installed: size and time of their files, which costs less than to read them."""
    return _digest("\n".join(sorted(_files(Path(__file__).parent))).encode())


def _files(folder: Path) -> Iterable[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(Path(entry.path))
            elif not entry.name.endswith(".pyc"):
                status = entry.stat()
                yield f"{entry.path} {status.st_size} {status.st_mtime_ns}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
