"""Jinja for values of the project file and for templates: the only room that imports `jinja2`.

Importing this room does not import Jinja: that costs 0.1 s, and many commands never need it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshctl.templating.filters import dns_label
from meshctl.templating.folders import Folders

if TYPE_CHECKING:
    from meshctl.templating.files import TakesIn, Templates
    from meshctl.templating.tracing import Trace

__all__ = [
    "Folders",
    "dns_label",
    "environment",
    "evaluate",
    "is_go",
    "is_templated",
    "names",
    "render",
    "trace",
]


def is_templated(text: str) -> bool:
    """Whether there is anything for Jinja in the text; `evaluate` returns any other as it is."""
    return "{{" in text or "{%" in text or "{#" in text


def is_go(text: str) -> bool:
    """Whether a template has something that is rather Go's syntax than Jinja's."""
    from meshctl.templating import jinja

    return jinja.go_action(text) is not None


def evaluate(text: str, variables: Mapping[str, Any], known: Collection[str] = ()) -> Any:
    """The value of a text with expressions; one expression alone keeps its type: `{{ replicas }}` of 2 is 2.

    Raises TemplateError with the reason, without a place; `known` are more names that it may suggest.
    """
    from meshctl.templating import values

    return values.evaluate(text, variables, known)


def names(text: str) -> frozenset[str]:
    """The variables that a text with expressions reads. Raises TemplateError, without a place, if it is no template."""
    from meshctl.templating import values

    return values.names(text)


def environment(folders: Folders, cache: Path | None = None, takes_in: TakesIn | None = None) -> Templates:
    """The sandboxed, immutable, strict environment over folders of templates.

    `cache` is a folder for bytecode: compiling a template costs a hundred times as much as rendering it. `takes_in` is
    told of every include and import. Functions of a project, such as `file`, belong into `environment.globals`.
    """
    from meshctl.templating import files

    return files.environment(folders, cache, takes_in)


def render(templates: Templates, name: str, variables: Mapping[str, Any], definers: str = "") -> str:
    """A template as text. `definers` says who could have defined a variable that is missing.

    Raises TemplateError with file, line, code and reason; Problems for several variables that are missing.
    """
    from meshctl.templating import files

    return files.render(templates, name, variables, definers)


def trace(templates: Templates, name: str, variables: Mapping[str, Any], text: str) -> Trace:
    """Where the lines of `text`, which the template rendered to, come from. As slow as compiling the template."""
    from meshctl.templating import tracing

    return tracing.Trace(templates, name, variables, text)
