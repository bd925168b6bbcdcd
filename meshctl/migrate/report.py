"""What migrate did, refuses to do, and asks somebody to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from meshctl.errors import Where

Kind = Literal["changed", "added", "removed", "refused", "look"]


@dataclass(frozen=True)
class Change:
    """`rule` is M1 to M15, `template` for Go's syntax, `config` for the project file; `where` is in the original."""

    rule: str
    kind: Kind
    where: Where
    message: str
    why: str = ""
