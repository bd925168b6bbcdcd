"""What port-forward tells: in kubectl's words where kubectl has some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshctl.output import wording

if TYPE_CHECKING:
    from meshctl.access import Moved, Opened, Refused


def opened(note: Opened) -> str:
    address = f"[{note.address}]" if ":" in note.address else note.address
    return f"Forwarding from {address}:{note.local} -> {note.way} (pod {note.pod})"


def moved(note: Moved) -> str:
    if not note.pod:
        return f"{note.way}: pod {note.before} has ended, and no other runs yet"
    if not note.before:
        return f"{note.way} leads to pod {note.pod}"
    return f"{note.way} leads to pod {note.pod}: {note.before} has ended"


def refused(note: Refused) -> str:
    return f"{note.way}: {wording.one_line(note.error.message)}"
