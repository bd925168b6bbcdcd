"""Jinja for values of the project file and for templates: the only room that imports `jinja2`.

Importing this room does not import Jinja: that costs 0.1 s, and many commands never need it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshctl.templating.filters import dns_label

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["dns_label", "environment", "evaluate", "is_templated", "names", "render"]


def is_templated(text: str) -> bool:
    """Whether there is anything for Jinja in the text; `evaluate` returns any other as it is."""
    return "{{" in text or "{%" in text or "{#" in text


def evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    """The value of a text with expressions; one expression alone keeps its type: `{{ replicas }}` of 2 is 2.

    Raises TemplateError with the reason, without a place.
    """
    from meshctl.templating import values

    return values.evaluate(text, variables)


def names(text: str) -> frozenset[str]:
    """The variables that a text with expressions reads. Raises TemplateError, without a place, if it is no template."""
    from meshctl.templating import values

    return values.names(text)


def environment(search_path: Sequence[Path], root: Path, cache: Path | None = None) -> Environment:
    """The sandboxed, immutable, strict environment over folders of templates in the project `root`.

    `cache` is a folder for bytecode: compiling a template costs a hundred times as much as rendering it. Functions of
    a project, such as `file`, belong into `environment.globals`.
    """
    from meshctl.templating import files

    return files.environment(search_path, root, cache)


def render(environment: Environment, name: str, variables: Mapping[str, Any]) -> str:
    """A template of the search path as text. Raises TemplateError with file, line, code and reason."""
    from meshctl.templating import files

    return files.render(environment, name, variables)
