"""gen's folder: a file for each template that renders to something, `<service>/<template path without .j2>`.

Only files that the record names are ever removed: those of a service that was selected, or that the project no longer
declares. A file that is in nobody's record is overwritten where a template wants its place, and else left alone.
"""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from meshctl import yamlio
from meshctl.errors import GuardError, MeshctlError, UsageError, raise_all
from meshctl.manifest import NAMESPACE_SERVICE, Bundle, order_key
from meshctl.plan import Plan
from meshctl.render import output_record
from meshctl.render.output_record import Record, Writer

_ELSEWHERE = "write elsewhere: --output-path"
_NO_PLACES = (errno.EEXIST, errno.ENOTDIR, errno.ENOENT, errno.ENAMETOOLONG, errno.EISDIR, errno.ELOOP)


@dataclass(frozen=True)
class Changes:
    """Files by their path below the folder, sorted: what was done, or what there is to do."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def out_of_date(self) -> tuple[str, ...]:
        """Missing, differing and surplus files."""
        return tuple(sorted((*self.created, *self.updated, *self.removed)))


def output_files(bundle: Bundle) -> dict[str, str]:
    """The text of every file by its path; objects stand in their template's order."""
    bodies: dict[str, list[Any]] = {}
    for manifest in bundle:
        bodies.setdefault(manifest.file, []).append(manifest.body)
    return {file: yamlio.dump_all(each) for file, each in bodies.items()}


def stream(bundle: Bundle) -> str:
    """All objects in an order in which they can be applied: service by service, in each what others need first."""
    services = (sorted(each, key=lambda manifest: order_key(manifest.ref)) for each in bundle.services.values())
    return yamlio.dump_all([manifest.body for each in services for manifest in each])


def check(bundle: Bundle, plan: Plan, folder: Path) -> Changes:
    """What `write` would do; writes nothing. Raises what `write` raises before it writes."""
    return _Folder(bundle, plan, folder).changes()


def write(bundle: Bundle, plan: Plan, folder: Path) -> Changes:
    """Brings the folder up to date, each file as a whole or not at all; what is right already is not touched.

    Raises GuardError for a file of another project or a place outside of the folder, UsageError for a record that is
    none, MeshctlError where the disk says no.
    """
    output = _Folder(bundle, plan, folder)
    changes = output.changes()
    output.apply(changes)
    return changes


class _Folder:
    """The output folder as it is, and as one plan wants it."""

    def __init__(self, bundle: Bundle, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._wanted = {file: text.encode() for file, text in output_files(bundle).items()}
        self._writer = Writer(plan.config.project, plan.config.environment or plan.config.file.name)
        self._record_text = (self._read(output_record.NAME) or b"").decode(errors="replace")
        self._record = output_record.read(self._record_text, str(folder / output_record.NAME))
        self._taken = self._record.others(self._writer)

    def changes(self) -> Changes:
        raise_all(self._refused())
        current = {file: self._read(file) for file in sorted(self._wanted)}
        there = [file for file, content in current.items() if content is not None]
        return Changes(
            created=tuple(file for file, content in current.items() if content is None),
            updated=tuple(file for file in there if current[file] != self._wanted[file]),
            unchanged=tuple(file for file in there if current[file] == self._wanted[file]),
            removed=tuple(file for file in sorted(self._stale()) if os.path.lexists(self._folder / file)),
        )

    def apply(self, changes: Changes) -> None:
        """The record is first told what is going to be ours: a run that breaks off must not leave files of nobody."""
        before = self._record.of(self._writer)
        after = self._files_after()
        both = {service: before.get(service, frozenset()) | after.get(service, set()) for service in {*before, *after}}
        self._write_record(self._record.with_files(self._writer, both))
        files = (*changes.created, *changes.updated)
        for folder in sorted({posixpath.dirname(file) for file in files}):
            _make(self._folder / folder)
        for file in files:
            _replace(self._folder / file, self._wanted[file])
        for file in changes.removed:
            self._remove(file)
        self._write_record(self._record.with_files(self._writer, after))

    def _files_after(self) -> dict[str, set[str]]:
        """What the record is to say: of services whose turn it was not, what it said before."""
        stale = set(self._stale())
        files = {service: set(known - stale) for service, known in self._record.of(self._writer).items()}
        for file in self._wanted:
            files.setdefault(file.partition("/")[0], set()).add(file)
        return files

    def _stale(self) -> Iterator[str]:
        """Files of ours that are no longer rendered, of services whose turn it is."""
        for service, files in self._record.of(self._writer).items():
            selected = service in self._plan.needs or service == NAMESPACE_SERVICE
            if selected or service not in self._plan.config.services:
                yield from files - self._wanted.keys() - self._taken.keys()

    def _refused(self) -> Iterator[GuardError]:
        """A file of another project, and a place that a link puts elsewhere or that has the templates."""
        templates = [os.path.realpath(path) for path in self._plan.config.template_paths]
        real_folder = os.path.realpath(self._folder)
        for parent in sorted({(self._folder / file).parent for file in self._wanted}):
            real = os.path.realpath(parent)
            if not _is_below(real, real_folder):
                yield GuardError(f"{parent} is a link that leads out of the output folder", suggestion=_ELSEWHERE)
            elif any(_is_below(real, path) for path in templates):
                yield GuardError(f"{parent} has templates, which gen would overwrite", suggestion=_ELSEWHERE)
        for file in sorted(self._wanted.keys() & self._taken.keys()):
            owner = self._taken[file].project
            if owner != self._writer.project:
                yield GuardError(f"{self._folder / file} belongs to project {owner}", suggestion=_ELSEWHERE)

    def _read(self, file: str) -> bytes | None:
        path = self._folder / file
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _disk_error("read", path, error) from error

    def _write_record(self, record: Record) -> None:
        text = record.dump()
        if text != self._record_text:
            _make(self._folder)
            _replace(self._folder / output_record.NAME, text.encode())
            self._record_text = text

    def _remove(self, file: str) -> None:
        """The file, and the folders that it leaves empty."""
        path = self._folder / file
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _disk_error("remove", path, error) from error
        with suppress(OSError):
            for parent in path.parents[: len(PurePosixPath(file).parts) - 1]:
                parent.rmdir()


def _is_below(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _disk_error("write", folder, error) from error


def _replace(path: Path, content: bytes) -> None:
    """Whoever reads the file meanwhile sees the old one or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _disk_error("write", path, error) from error


def _disk_error(doing: str, path: Path, error: OSError) -> MeshctlError:
    """A place where no file can be has been named by somebody; a disk that is full has not."""
    if error.errno in _NO_PLACES:
        return UsageError(f"cannot {doing} {path}: {error.strerror}", suggestion=_ELSEWHERE)
    return MeshctlError(f"cannot {doing} {path}: {error.strerror}", code="Disk")
