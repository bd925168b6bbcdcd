"""The function `file` of templates."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from meshctl import yamlio
from meshctl.errors import TemplateError


def project_file(root: Path, reads: Callable[[str], object]) -> Callable[[str], str]:
    """A function that gives the text of a file of the project, by its path from the project's root.

    `reads` is told each path.
    """
    real_root = os.path.realpath(root)

    def file(path: str) -> str:
        found = root / str(path)
        if Path(path).is_absolute() or not f"{os.path.realpath(found)}/".startswith(f"{real_root}/"):
            advice = "a path from the project's root, of a file that is in the project"
            raise TemplateError(f"{path} leads out of the project", code="MSH104", suggestion=advice)
        reads(str(path))
        return yamlio.read_text(found, str(path))

    return file
