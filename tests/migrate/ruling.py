"""What the rules make of one file, and what they tell."""

from __future__ import annotations

from meshctl.migrate import rules
from meshctl.migrate.edits import Edits
from meshctl.migrate.manifests import manifests

FILE = "old.yaml"


def ruled(old: str) -> tuple[str, list[str]]:
    """The new text, and what was told as `line kind rule: message`."""
    found, unread = manifests(old, FILE)
    edits = Edits()
    rules.apply(found, edits)
    changes = sorted(edits.changes, key=lambda change: (change.where, change.rule, change.message))
    told = [f"{change.where.line} {change.kind} {change.rule}: {change.message}" for change in changes]
    return edits.applied(FILE, old), [*told, *(f"{each.where.line} unread: {each.message}" for each in unread)]
