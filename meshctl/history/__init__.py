"""What was run in a namespace, kept in it: who, when, what came of it, and the manifests, but never a Secret's value.

Each run is a Secret of the type `meshctl.dev/run`; it carries no service's label, so no service owns it.
"""

from __future__ import annotations

from meshctl.history.entry import Entry
from meshctl.history.origin import git_revision
from meshctl.history.packing import pack, unpack
from meshctl.history.store import KEPT, History, choose, previous

__all__ = ["KEPT", "Entry", "History", "choose", "git_revision", "pack", "previous", "unpack"]
