"""What somebody has decided to live with, and why: by an annotation on the object, or in the config.

    meshctl.dev/ignore: "MSH260: the base image moves by design"

    check:
      ignore:
      - {code: MSH260, service: web, reason: the base image moves by design}

An ignore without a reason, and one that ignores nothing, are findings themselves: both hide what comes next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from meshctl.check.finding import Fault
from meshctl.check.inspection import Found
from meshctl.check.rules import explained
from meshctl.config import Ignore
from meshctl.manifest import Manifest

ANNOTATION = "meshctl.dev/ignore"
_PATH = ("metadata", "annotations", ANNOTATION)
_ENTRY = re.compile(r"(MSH[2-5]\d\d)\s*(?::\s*(\S.*))?", re.DOTALL)
_NEXT = re.compile(r"[,\n]\s*(?=MSH\d)|\n")

UNUSED = explained(
    "MSH491",
    "warning",
    """An ignore that ignores nothing.

    What it was for has been mended, or moved to another object, or its code is mistyped. Left in place it would hide
    the next fault of that kind. Take it out.
    """,
)
MALFORMED = explained(
    "MSH492",
    "error",
    """An annotation meshctl.dev/ignore that cannot be understood, or has no reason.

    It is a code and a reason, `MSH260: the base image moves by design`; several are separated by commas or lines. Who
    reads it later has to know whether it still holds.
    """,
)


@dataclass(frozen=True)
class Silenced:
    """A finding that is ignored. `in_source` when the object itself says so."""

    found: Found
    reason: str
    in_source: bool


class Ignores:
    """All ignores of one check; it counts what each has been good for."""

    def __init__(self, configured: Sequence[Ignore], manifests: Iterable[Manifest]) -> None:
        self._configured = configured
        self._manifests = tuple(manifests)
        self._used: set[int | tuple[int, str]] = set()

    def silenced(self, found: Found) -> Silenced | None:
        manifest = found.manifest
        if manifest is not None:
            reason = self._annotated.get(id(manifest.body), {}).get(found.rule.code)
            if reason:
                self._used.add((id(manifest.body), found.rule.code))
                return Silenced(found, reason, in_source=True)
        for index, ignore in enumerate(self._configured):
            if _applies(ignore, found):
                self._used.add(index)
                return Silenced(found, ignore.reason, in_source=False)
        return None

    def malformed(self) -> Iterator[Found]:
        for manifest, annotation in self._annotations:
            for entry in _entries(annotation):
                match = _ENTRY.fullmatch(entry)
                if match is None or not match[2]:
                    what = f"{entry!r} has no reason" if match else f"{entry!r} is no code and a reason"
                    fault = Fault(f"{ANNOTATION}: {what}", _PATH, "write it like MSH260: the image moves by design")
                    yield Found(MALFORMED, fault, manifest)

    def unused(self, services: Iterable[str], *, everything: bool) -> Iterator[Found]:
        """What has been good for nothing; in a part of a project only what names a service of that part."""
        for manifest, _ in self._annotations:
            for code in self._annotated[id(manifest.body)]:
                if (id(manifest.body), code) not in self._used:
                    message = f"{ANNOTATION} names {code}, and {manifest.ref} has no such finding"
                    yield Found(UNUSED, Fault(message, _PATH, "take it out"), manifest)
        for index, ignore in enumerate(self._configured):
            if index not in self._used and (everything or ignore.service in services):
                message = f"check.ignore names {ignore.code}, and there is no such finding"
                yield Found(UNUSED, Fault(message, suggestion="take it out", where=ignore.where), None)

    @cached_property
    def _annotations(self) -> list[tuple[Manifest, str]]:
        found = []
        for manifest in self._manifests:
            annotations = manifest.body["metadata"].get("annotations")
            text = annotations.get(ANNOTATION) if isinstance(annotations, dict) else None
            if isinstance(text, str):
                found.append((manifest, text))
        return found

    @cached_property
    def _annotated(self) -> Mapping[int, Mapping[str, str]]:
        """The reasons by code, of each body that has any."""
        return {
            id(manifest.body): {
                match[1]: match[2]
                for entry in _entries(text)
                if (match := _ENTRY.fullmatch(entry)) is not None and match[2]
            }
            for manifest, text in self._annotations
        }


def _entries(annotation: str) -> list[str]:
    return [entry.strip() for entry in _NEXT.split(annotation) if entry.strip()]


def _applies(ignore: Ignore, found: Found) -> bool:
    manifest = found.manifest
    named = f"{manifest.ref.kind}/{manifest.ref.name}" if manifest else ""
    service = manifest.service if manifest else ""
    return (
        ignore.code == found.rule.code
        and (not ignore.service or fnmatchcase(service, ignore.service))
        and (not ignore.object or fnmatchcase(named.lower(), ignore.object.lower()))
    )
