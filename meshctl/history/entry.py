"""One run, as it is remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`time` is in RFC 3339. `command` is as typed, but for values that were set; `git` is the project's commit, with
    `-dirty` behind it where that is not all. Only a `restorable` one has manifests, and can be gone back to."""

    revision: int
    time: str
    user: str
    host: str
    version: str
    action: str
    command: str
    services: tuple[str, ...]
    exit: int
    seconds: float
    counts: Mapping[str, int]
    git: str
    restorable: bool

    @property
    def result(self) -> str:
        """In a word: done, failed or interrupted."""
        return {0: "done", 130: "interrupted", 143: "interrupted"}.get(self.exit, "failed")

    def record(self) -> dict[str, Any]:
        """The form of machine output."""
        body = asdict(self)
        return {**body, "services": list(self.services), "counts": dict(self.counts), "result": self.result}

    def text(self) -> str:
        """As it is stored; the revision is in the object's label."""
        body = asdict(self)
        del body["revision"]
        return json.dumps(body, separators=(",", ":"), sort_keys=True)

    @classmethod
    def read(cls, revision: int, text: str) -> Entry:
        """What `text` wrote, whichever version of meshctl did: what it lacks is empty, what is unknown is left out."""
        found = json.loads(text)
        known = {key: found[key] for key in asdict(_EMPTY) if key in found}
        known["services"] = tuple(known.get("services") or ())
        return replace(_EMPTY, **known, revision=revision)


_EMPTY = Entry(
    revision=0, time="", user="", host="", version="", action="", command="", services=(), exit=0, seconds=0.0,
    counts={}, git="", restorable=False,
)  # fmt: skip
