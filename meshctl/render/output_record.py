"""The record of gen's files: `.meshctl.json` in the output folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from meshctl.errors import UsageError, Where

NAME = ".meshctl.json"
VERSION = 1
_EMPTY = '{"meshctl": 1, "written": []}'
_EMPTY = '{"meshctl": 1, "written": []}'


class Writer(NamedTuple):
    """Who writes: one project for one environment, or for the file that was named by -f."""

    project: str
    environment: str


@dataclass(frozen=True)
class Record:
    """Each writer's files by service. Files are paths below the folder, with slashes."""

    writers: Mapping[Writer, Mapping[str, frozenset[str]]]

    def of(self, writer: Writer) -> Mapping[str, frozenset[str]]:
        return self.writers.get(writer, {})

    def others(self, writer: Writer) -> dict[str, Writer]:
        """The files of all other writers, each with its writer."""
        theirs = {other: services for other, services in self.writers.items() if other != writer}
        return {file: other for other, services in theirs.items() for files in services.values() for file in files}

    def with_files(self, writer: Writer, services: Mapping[str, Collection[str]]) -> Record:
        """The record after the writer has written these files, and no others; what it took over is its own now."""
        taken = {file for files in services.values() for file in files}
        writers = {
            other: {service: files - taken for service, files in theirs.items()}
            for other, theirs in self.writers.items()
            if other != writer
        }
        writers[writer] = {service: frozenset(files) for service, files in services.items()}
        return Record(writers)

    def dump(self) -> str:
        written = [
            {"project": writer.project, "environment": writer.environment, "services": _plain(self.writers[writer])}
            for writer in sorted(self.writers)
        ]
        return (
            json.dumps({"meshctl": VERSION, "written": [each for each in written if each["services"]]}, indent=1) + "\n"
        )


def read(text: str, file: str) -> Record:
    """Of an empty text, an empty record. Raises UsageError for what no gen of this version wrote."""
    try:
        document = json.loads(text or _EMPTY)
        written = {document["meshctl"]: document["written"]}[VERSION]
        return Record(dict(map(_writer, written)))
    except (ValueError, KeyError, TypeError, AttributeError):
        advice = "remove it; files that are no longer rendered then stay until somebody removes them"
        raise UsageError(f"{file} is no record of gen's files", where=Where(file), suggestion=advice) from None


def _writer(entry: Mapping[str, Any]) -> tuple[Writer, dict[str, frozenset[str]]]:
    services = {service: frozenset(map(_inside, files)) for service, files in entry["services"].items()}
    return Writer(entry["project"], entry["environment"]), services


def _inside(file: str) -> str:
    """Nobody may talk us into removing a file outside of the folder."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError
    return file


def _plain(services: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    return {service: sorted(services[service]) for service in sorted(services) if services[service]}
