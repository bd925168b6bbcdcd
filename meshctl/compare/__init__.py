"""Is a live object already what its manifest says? Pure functions of the two, so that a repeated start is silent."""

from __future__ import annotations

from meshctl.compare.canonical import canonical
from meshctl.compare.changes import FieldChange, changes, show
from meshctl.compare.contested import contested
from meshctl.compare.fields import applied_fields, as_wanted, differences
from meshctl.compare.owned import owned

__all__ = [
    "FieldChange",
    "applied_fields",
    "as_wanted",
    "canonical",
    "changes",
    "contested",
    "differences",
    "owned",
    "show",
]
