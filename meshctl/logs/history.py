"""What the containers have written until now, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from tempfile import SpooledTemporaryFile

from meshctl.errors import Invalid, NotFound, raise_all
from meshctl.logs.containers import Run
from meshctl.logs.line import LogLine
from meshctl.logs.merge import in_order
from meshctl.logs.reading import Interrupt, Reading
from meshctl.logs.resume import Bookmark
from meshctl.logs.source import Source

IN_MEMORY = 1 << 20  # bytes of a spooled log, before it goes to disk


def history(reading: Reading, bookmarks: Mapping[Run, Bookmark]) -> Iterator[LogLine]:
    """All lines of the runs; their bookmarks end where the lines do. Notices and errors come after the lines, but not
    when following: the follower meets the same failures and knows what to do about them.

    A merge needs the next line of every container, so all of them would have to be open at once. Those over
    --max-log-requests are therefore read to a temporary file each, before the merge begins.
    """
    once = replace(reading, options=replace(reading.options, follow=False))
    sources = [Source(once, run, bookmark) for run, bookmark in bookmarks.items()]
    limit = reading.options.max_log_requests
    with ExitStack() as cleanup:
        for source in sources:
            cleanup.callback(source.close)
        spooled = _spool(reading, sources[limit:], cleanup)
        opened = [source.start() for source in sources[:limit]]
        yield from in_order([*(source.lines(reading.interrupt) for source in opened), *spooled])
    if not (reading.options.follow or reading.interrupt.is_set()):
        _tell_failures(reading, sources)


def _spool(reading: Reading, sources: list[Source], cleanup: ExitStack) -> list[Iterator[LogLine]]:
    spools = [cleanup.enter_context(_temporary()) for _ in sources]
    with ThreadPoolExecutor(reading.options.max_log_requests) as pool:
        list(pool.map(partial(_write, reading.interrupt), sources, spools))
    return [_read_back(source.run, spool) for source, spool in zip(sources, spools, strict=True)]


def _temporary() -> SpooledTemporaryFile[str]:
    return SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="\n")


def _write(interrupt: Interrupt, source: Source, spool: SpooledTemporaryFile[str]) -> None:
    for line in source.start().lines(interrupt):
        spool.write(f"{line.time}\t{line.stamp}\t{line.text}\n")
    spool.seek(0)


def _read_back(run: Run, spool: SpooledTemporaryFile[str]) -> Iterator[LogLine]:
    for written in spool:
        time, stamp, text = written[:-1].split("\t", 2)
        yield LogLine(run.service, run.pod, run.container, int(time), text, stamp)


def _tell_failures(reading: Reading, sources: Iterable[Source]) -> None:
    """Notices for what could not be read because it is not there. Raises for a log that is incomplete."""
    failures = [(source.run, source.failure) for source in sources if source.failure]
    refused = [(run, failure) for run, failure in failures if isinstance(failure, Invalid | NotFound)]
    raise_all(failure for _, failure in failures if not isinstance(failure, Invalid | NotFound))
    if not reading.options.previous:
        for run, failure in refused:
            reading.notice(f"{run}: {failure.message}")
    elif all(source.failure for source in sources):
        reading.notice("none of these containers has run before")
