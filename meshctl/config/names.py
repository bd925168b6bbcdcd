"""Names: the nearest right one for a wrong one, and durations."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The candidate that was probably meant, "" where none is near: `nearest("webiste", …)` is "website"."""
    choices = sorted(set(candidates))
    folded = {choice.casefold().replace("_", "-"): choice for choice in reversed(choices)}
    same = folded.get(name.casefold().replace("_", "-"))
    return same or next(iter(difflib.get_close_matches(name, choices, n=1)), "")


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A suggestion in words, "" where no candidate is near."""
    choice = nearest(name, candidates)
    return f"did you mean {choice}?" if choice else ""


def parse_duration(text: str) -> float:
    """Seconds of a Go duration: `90s`, `1m30s`, `1.5h`, `0`. Raises ValueError for anything else, negative ones too."""
    if text == "0":
        return 0.0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'"{text}" is no duration; write it like 90s, 5m or 1h30m')
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
