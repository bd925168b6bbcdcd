"""A line of a container, and the time that the container runtime gave it."""

from __future__ import annotations

import re
import zlib
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

SECOND = 1_000_000_000  # nanoseconds
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)")


class LogLine(NamedTuple):
    """`time` is in nanoseconds since the epoch; `stamp` is the same as the server wrote it, "" where it wrote none."""

    service: str
    pod: str
    container: str
    time: int
    text: str
    stamp: str


def split_stamp(raw: str) -> tuple[int | None, str, str]:
    """(nanoseconds, stamp, text) of a line that was asked for with timestamps; (None, "", raw) where it has none.

    The kubelet itself writes lines without one into a log that it cannot read, "unable to retrieve container logs".
    """
    try:
        return _split(raw)
    except ValueError:  # looks like one, but is no time
        return None, "", raw


def _split(raw: str) -> tuple[int | None, str, str]:
    if raw[29:31] == "Z " and raw[19] == "." and raw[20:29].isdecimal():  # as every kubelet of today writes it
        return _seconds(raw[:19], "Z") * SECOND + int(raw[20:29]), raw[:30], raw[31:]
    stamp, _, text = raw.partition(" ")
    match = _STAMP.fullmatch(stamp)
    if match is None:
        return None, "", raw
    whole, fraction, zone = match.groups("")
    return _seconds(whole, zone) * SECOND + int(fraction.ljust(9, "0")), stamp, text


@lru_cache(maxsize=1024)
def _seconds(whole: str, zone: str) -> int:
    """Cached, because the lines of a busy container share their second."""
    return int(datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).timestamp())


def colour_index(name: str, colours: int) -> int:
    """Which of so many colours a pod's name has: the same in every run and on every machine."""
    return zlib.crc32(name.encode()) % colours
