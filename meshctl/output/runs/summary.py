"""The end of a run on one screen: what has come of each service, each failure explained, and the sum."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

from meshctl.events import ErrorRaised, Failed
from meshctl.output import wording
from meshctl.output.runs.board import Board, Phase, Row
from meshctl.output.runs.plain import counted, replicas
from meshctl.output.tables import Column, table

Paint = Callable[..., str]
PHASE_STYLES: dict[str, tuple[str, ...]] = {
    Phase.PENDING: ("dim",),
    Phase.APPLYING: ("cyan",),
    Phase.WAITING: ("yellow",),
    Phase.STOPPING: ("yellow",),
    Phase.READY: ("green",),
    Phase.GONE: ("green",),
    Phase.FAILED: ("red", "bold"),
    Phase.BLOCKED: ("magenta",),
}
_ENDINGS = {0: "done", 3: "refused", 130: "interrupted", 143: "terminated"}


_ATTEMPTS = ((True, 10), (True, 3), (False, 10), (False, 5), (False, 3), (False, 1), (False, 0))
"""What is tried until the summary fits: with the table of services or without, and lines of evidence a failure."""


def summary(board: Board, paint: Paint, *, width: int = 0, height: int = 0) -> str:
    """`width` and `height` are those of a screen; 0 is a pipe, which has had every event and takes all evidence."""
    if not height:
        return "\n".join(_compose(board, paint, 0, services=False, evidence=None))
    lines: list[str] = []
    for services, evidence in _ATTEMPTS:
        lines = _compose(board, paint, width, services=services, evidence=evidence)
        if len(lines) < height:
            break
    return "\n".join(lines)


def _compose(board: Board, paint: Paint, width: int, *, services: bool, evidence: int | None) -> list[str]:
    lines = list(_services(board, paint)) if services else []
    for failure in board.failures:
        lines += _failure(failure, paint, width, evidence)
    lines += _blocked(board, paint, width)
    if evidence is not None:
        lines += _warnings(board, paint, width)
    return [*lines, *_errors(board.errors, paint, width), *_sum(board, paint)]


def _wrap(text: str, width: int, indent: str) -> list[str]:
    """Lines of at most `width` columns, each indented; one line where the width is 0."""
    text = wording.one_line(text)
    if not width:
        return [indent + text]
    return textwrap.wrap(text, max(20, width), initial_indent=indent, subsequent_indent=indent) or [indent]


def _services(board: Board, paint: Paint) -> Iterable[str]:
    rows = list(board.rows.values())
    now = board.finished.time if board.finished else 0.0
    columns = [
        Column("SERVICE"),
        Column("STATE", style=lambda text: PHASE_STYLES[text]),
        Column("READY"),
        Column("TIME"),
    ]
    if rows:
        yield from table(columns, [_cells(row, now) for row in rows], paint=paint).splitlines()
        yield ""


def _cells(row: Row, now: float) -> list[str]:
    time = wording.seconds(row.seconds(now)) if row.began else "-"
    return [row.service, row.phase, replicas(row.ready, row.wanted, "{}/{}") or "-", time]


def _failure(failure: Failed, paint: Paint, width: int, limit: int | None) -> Iterable[str]:
    """The last `limit` lines of the evidence, all of them with None: what came last is nearest to the cause."""
    yield f"{paint('FAILED', 'red', 'bold')} {paint(failure.service, 'bold')}: {failure.code}"
    yield from _wrap(failure.message, width, "  ")
    first = 0 if limit is None else max(0, len(failure.evidence) - limit)
    if first:
        yield paint(f"  | … {wording.count(first, 'line')} more with -o json", "dim")
    for line in failure.evidence[first:]:
        yield from (paint(part, "dim") for part in _wrap(line, width, "  | "))
    if failure.suggestion:
        yield from _wrap(f"next: {failure.suggestion}", width, "  ")


def _blocked(board: Board, paint: Paint, width: int) -> Iterable[str]:
    rows = board.of(Phase.BLOCKED)
    if rows:
        yield paint("BLOCKED", "magenta", "bold")
        yield from _wrap(", ".join(f"{row.service} {row.reason}" for row in rows), width, "  ")


def _warnings(board: Board, paint: Paint, width: int) -> Iterable[str]:
    """Shown on a screen alone: in a pipe each was a line of its own already."""
    for warning in board.warnings:
        about = f"{warning.service}: " if warning.service else ""
        first, *rest = _wrap(f"{about}{warning.message}", width - len("warning: "), "")
        yield f"{paint('warning:', 'yellow')} {first}"
        yield from (f"  {line}" for line in rest)


def _errors(errors: Iterable[ErrorRaised], paint: Paint, width: int) -> Iterable[str]:
    for error in errors:
        place = f"{error.file}:{error.line}:{error.column}: " if error.file else ""
        yield f"{place}{paint('error:', 'red', 'bold')} {wording.one_line(error.message)}"
        if error.suggestion:
            yield from _wrap(f"hint: {error.suggestion}", width, "  ")


def _sum(board: Board, paint: Paint) -> Iterable[str]:
    if board.finished:
        verdict, *rest = outcome(board)
        yield " ".join([paint(verdict, "red" if board.finished.exit else "green", "bold"), *rest])


def outcome(board: Board) -> list[str]:
    """`start failed:`, `1 ready, 1 failed`, `in 3s`: how a finished run is summed up, in parts."""
    finished = board.finished
    if not finished:
        return []
    action = board.planned.action if board.planned else "run"
    verdict = f"{action} {_ENDINGS.get(finished.exit, 'failed')}"
    told = counted(finished.counts) or ("" if finished.exit else "nothing to do")
    return [*([f"{verdict}:", told] if told else [verdict]), f"in {wording.seconds(finished.seconds)}"]
