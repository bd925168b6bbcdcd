"""What a run leaves for a CI server, however it ended: a JUnit file, or GitHub's annotations and step summary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from meshctl.errors import UsageError
from meshctl.events import ErrorRaised, Event, Failed
from meshctl.output import wording
from meshctl.output.runs.board import Board, Phase, Row
from meshctl.output.runs.summary import outcome
from meshctl.output.terminal import Terminal

if TYPE_CHECKING:
    from junitparser import Error, Failure, TestCase, TestSuite

_NOT_BEGUN = ErrorRaised(code="NotBegun", message="the run did not begin", suggestion="its log says why")
_GOOD = (Phase.READY, Phase.GONE)


class Report(ABC):
    """Fed with every event of a run, in order; written once it is over, however it ended."""

    def __init__(self) -> None:
        self._board = Board()
        self._written = False

    def take(self, event: Event) -> None:
        self._board.take(event)

    def close(self) -> None:
        """Writes it; a second time does nothing."""
        if self._board.planned and not self._written:
            self._written = True
            self._write(self._board)

    @abstractmethod
    def _write(self, board: Board) -> None: ...


def parse(asked: Iterable[str], terminal: Terminal, environ: Mapping[str, str]) -> tuple[Report, ...]:
    """What `--report` names: `junit=FILE` and `github`, with commas between. Raises UsageError, for a bad file too."""
    reports: list[Report] = []
    for word in (part.strip() for each in asked for part in each.split(",")):
        form, _, file = word.partition("=")
        if form == "junit" and file:
            reports.append(JUnitReport(Path(file)))
        elif word == "github":
            reports.append(GitHubReport(terminal, environ.get("GITHUB_STEP_SUMMARY", "")))
        else:
            raise UsageError(f"--report: there is no report {word!r}", suggestion="junit=FILE, github, or both")
    return tuple(reports)


class JUnitReport(Report):
    """A suite a run, a case a service, as Jenkins and GitLab read them."""

    def __init__(self, file: Path) -> None:
        """Writes a first report at once, of a run that did not begin: what cannot be written is found out before
        anything is done, and a run that is refused leaves no report of the one before. Raises UsageError."""
        super().__init__()
        self._file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._write(self._board)
        except OSError as error:
            raise UsageError(f"--report: {file} cannot be written: {error.strerror}") from error

    def _write(self, board: Board) -> None:
        from junitparser import JUnitXml

        document = JUnitXml("meshctl")
        document.add_testsuite(_suite(board))
        document.update_statistics()  # type: ignore[no-untyped-call]
        document.write(str(self._file), pretty=True)


class GitHubReport(Report):
    """Annotations on stderr, which GitHub reads as well as stdout, and a summary where the step has a file for it."""

    def __init__(self, terminal: Terminal, summary_file: str) -> None:
        super().__init__()
        self._terminal = terminal
        self._summary_file = summary_file

    def _write(self, board: Board) -> None:
        for line in _annotations(board):
            self._terminal.error(line)
        if self._summary_file:
            with Path(self._summary_file).open("a", encoding="utf-8") as file:
                file.write("\n".join([*_markdown(board), ""]))


def _action(board: Board) -> str:
    return board.planned.action if board.planned else "run"


def _suite(board: Board) -> TestSuite:
    from junitparser import Error, TestCase, TestSuite

    suite = TestSuite(f"meshctl {_action(board)}")
    if board.planned:
        suite.timestamp = datetime.fromtimestamp(board.planned.time, UTC).isoformat(timespec="seconds")
        suite.add_property("context", board.planned.context)
        suite.add_property("namespace", board.planned.namespace)
    now = board.finished.time if board.finished else 0.0
    suite.add_testcases([_case(row, board, now) for row in board.rows.values()])
    for error in board.errors if board.planned else (_NOT_BEGUN,):
        case = TestCase(_action(board), classname="meshctl")
        case.result = [_told(Error(wording.one_line(error.message), error.code), _error(error))]
        suite.add_testcase(case)
    return suite


def _case(row: Row, board: Board, now: float) -> TestCase:
    from junitparser import Failure, Skipped, TestCase

    case = TestCase(row.service, classname=f"meshctl.{_action(board)}", time=round(row.seconds(now), 3))
    failures = [failure for failure in board.failures if failure.service == row.service]
    if failures:
        case.result = [_told(Failure(wording.one_line(each.message), each.code), _failure(each)) for each in failures]
    elif row.phase not in _GOOD:
        case.result = [Skipped(wording.one_line(_why_not(row, board)))]
    return case


def _why_not(row: Row, board: Board) -> str:
    """Of a service that neither came up nor failed."""
    if row.phase is Phase.BLOCKED:
        return f"blocked {row.reason}"
    warned = (warning.message for warning in board.warnings if warning.service == row.service)
    return next(warned, "") or f"{row.phase}, nothing was waited for"


def _told(result: Error | Failure, lines: Iterable[str]) -> Error | Failure:
    result.text = "\n".join(lines)
    return result


def _failure(failure: Failed) -> Iterable[str]:
    yield f"{failure.code}: {wording.one_line(failure.message)}"
    yield from (f"| {wording.one_line(line)}" for line in failure.evidence)
    if failure.suggestion:
        yield f"next: {wording.one_line(failure.suggestion)}"


def _error(error: ErrorRaised) -> Iterable[str]:
    place = f"{error.file}:{error.line}:{error.column}: " if error.file else ""
    yield f"{place}{wording.one_line(error.message)}"
    if error.suggestion:
        yield f"hint: {wording.one_line(error.suggestion)}"


def _annotations(board: Board) -> Iterable[str]:
    for failure in board.failures:
        title = f"meshctl {_action(board)}: {failure.service}: {failure.code}"
        yield _command("error", {"title": title}, _failure(failure))
    for error in board.errors:
        place = {"file": error.file, "line": error.line, "col": error.column}
        known = {key: str(value) for key, value in place.items() if value}
        yield _command("error", {**known, "title": f"meshctl {_action(board)}: {error.code}"}, _error(error))
    for warning in board.warnings:
        about = f"{warning.service}: " if warning.service else ""
        title = f"meshctl {_action(board)}: {about}{warning.code}"
        yield _command("warning", {"title": title}, [wording.one_line(warning.message)])


def _command(kind: str, properties: Mapping[str, str], lines: Iterable[str]) -> str:
    """A workflow command on one line, with what has a meaning there written as GitHub wants it."""
    told = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{kind} {told}::{_escaped(chr(10).join(lines))}"


def _escaped(text: str, more: str = "") -> str:
    for letter in f"%\r\n{more}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text


def _markdown(board: Board) -> Iterable[str]:
    mark = "✅" if board.finished and not board.finished.exit else "❌"
    yield from (f"### {mark} meshctl {' '.join(outcome(board)) or _action(board)}", "")
    now = board.finished.time if board.finished else 0.0
    yield from _rows(["Service", "State", "Ready", "Time", "Why"], [_cells(row, now) for row in board.rows.values()])
    for failure in board.failures:
        yield from ("", f"**{failure.service}: {failure.code}**", "", "```text", *_failure(failure), "```")
    for error in board.errors:
        yield from ("", "```text", *_error(error), "```")
    yield ""


def _cells(row: Row, now: float) -> list[str]:
    ready = f"{row.ready}/{row.wanted}" if row.wanted else ""
    reason = row.reason if row.phase in (Phase.FAILED, Phase.BLOCKED) else ""
    return [row.service, row.phase, ready, wording.seconds(row.seconds(now)) if row.began else "", reason]


def _rows(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{' --- |' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(wording.one_line(cell).replace('|', chr(92) + '|') for cell in row)} |"
