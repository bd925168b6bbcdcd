"""Durations as Go writes them, which is how kubectl takes them."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_DURATION = re.compile(f"(?:{_PART.pattern})+", re.ASCII)
_LONGEST = 2**63 / 1e9  # seconds; Go counts nanoseconds in 64 bits


def parse_duration(text: str) -> float:
    """Seconds of `90s`, `1m30s`, `1.5h`, `0`. Raises ValueError for anything else, negative ones too."""
    if text == "0":
        return 0.0
    parts = _PART.findall(text) if _DURATION.fullmatch(text) else []
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not parts or seconds >= _LONGEST:
        raise ValueError(f'"{text}" is no duration; write it like 90s, 5m or 1h30m')
    return seconds
