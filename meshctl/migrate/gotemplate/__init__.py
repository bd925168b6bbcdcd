"""Go's text/template to Jinja: a lexer and a parser of Go's grammar, and a writer that renders to the same bytes.

Go's meaning is kept: its truth, its trimming, its cursor, its scopes, its order of map keys, its text of values. What
differs on purpose: a var that is missing is an error of gen, where Go writes `<no value>`.
"""

from __future__ import annotations

from meshctl.migrate.gotemplate.jinja import MACROS, Remark, Translation, translate
from meshctl.migrate.gotemplate.parser import parse
from meshctl.migrate.gotemplate.tree import GoSyntaxError

__all__ = ["MACROS", "GoSyntaxError", "Remark", "Translation", "parse", "translate"]
