"""What to read: the services, their containers, and the lines of those."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from meshctl.errors import UsageError, raise_all
from meshctl.manifest import LABEL_SERVICE

_MAX_NAMED = 100  # services named in one label selector; more would make a URL that proxies refuse


@dataclass(frozen=True)
class Selector:
    """The pods of a project's services, of all of them when none is named, that `only`, a label selector, selects."""

    project: str
    services: tuple[str, ...] = ()
    only: str = ""

    @property
    def labels(self) -> str:
        """The label selector for the server. It may let more through than `LogOptions` and the project want."""
        named = self.services and len(self.services) <= _MAX_NAMED
        ours = f"{LABEL_SERVICE} in ({','.join(sorted(self.services))})" if named else LABEL_SERVICE
        return f"{ours},{self.only}" if self.only else ours

    def takes(self, service: str) -> bool:
        return service in self.services if self.services else service != ""


@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """Which lines. All patterns are searched for, not matched whole.

    `since` is in seconds; `tail` is a number of lines of each container; both concern what is there at the beginning.
    """

    follow: bool = False
    since: float | None = None
    tail: int | None = None
    previous: bool = False
    containers: tuple[re.Pattern[str], ...] = ()
    exclude_containers: tuple[re.Pattern[str], ...] = ()
    include: tuple[re.Pattern[str], ...] = ()
    exclude: tuple[re.Pattern[str], ...] = ()
    max_log_requests: int = 50

    def __post_init__(self) -> None:
        if self.follow and self.previous:
            raise UsageError("--follow and --previous exclude each other: a previous container writes nothing more")
        if self.max_log_requests < 1:
            raise UsageError(f"--max-log-requests must be 1 or more, not {self.max_log_requests}")
        if self.since is not None and self.since <= 0:
            raise UsageError(f"--since must be longer than nothing, not {self.since:g} s")
        if self.tail is not None and self.tail < -1:
            raise UsageError(f"--tail must be a number of lines, or -1 for all, not {self.tail}")

    def wants_container(self, name: str) -> bool:
        return _chosen(name, self.containers, self.exclude_containers)

    def wants(self, text: str) -> bool:
        return _chosen(text, self.include, self.exclude)


def patterns(option: str, texts: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """The compiled regular expressions of an option. Raises UsageError (Problems) for those that are none."""
    compiled, errors = [], []
    for text in texts:
        try:
            compiled.append(re.compile(text))
        except re.error as error:
            errors.append(UsageError(f"{option} {text!r} is not a regular expression: {error}"))
    raise_all(errors)
    return tuple(compiled)


def highlights(text: str, searched: Iterable[re.Pattern[str]]) -> list[tuple[int, int]]:
    """The spans (start, end) of the text to stand out, in order and not overlapping."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(match.span() for pattern in searched for match in pattern.finditer(text)):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        elif start < end:
            spans.append((start, end))
    return spans


def _chosen(text: str, wanted: tuple[re.Pattern[str], ...], unwanted: tuple[re.Pattern[str], ...]) -> bool:
    if wanted and not any(pattern.search(text) for pattern in wanted):
        return False
    return not any(pattern.search(text) for pattern in unwanted)
