"""kubectl's label selectors, judged before they are sent: a server's answer would name neither option nor place."""

from __future__ import annotations

import re

from meshctl.errors import UsageError

_PREFIX = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
_NAME = r"[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?"
_KEY = rf"(?:{_PREFIX}/)?{_NAME}"
_VALUE = rf"(?:{_NAME})?"
_REQUIREMENT = re.compile(
    rf"\s*(?:!\s*{_KEY}"
    rf"|{_KEY}(?:\s*(?:==?|!=)\s*{_VALUE}|\s*[<>]\s*-?\d+"
    rf"|\s+(?:in|notin)\s*\(\s*{_VALUE}\s*(?:,\s*{_VALUE}\s*)*\))?)\s*",
    re.ASCII,
)
_ADVICE = "like app=web,tier!=test, 'version in (v1,v2)', or a label's name alone for those that have it"


def label_selector(text: str) -> str:
    """The selector itself. Raises UsageError that shows where it stops being one."""
    position = 0
    if not text.strip():
        return ""
    while match := _REQUIREMENT.match(text, position):
        position = match.end()
        if position == len(text):
            return text.strip()
        if text[position] != ",":
            break
        position += 1
    rest = text[position:].strip()
    message = f'"{text}" is no label selector' + (f', from "{rest}" on' if rest and rest != text.strip() else "")
    raise UsageError(message, suggestion=_ADVICE)
