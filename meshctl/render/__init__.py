"""From a plan to its bundle: templates to text, text to objects, objects made ours; and gen's folder of files.

    Templates   which files a service has, and their text          templates.py, variables.py
    documents   text to objects, each with its template and line   documents.py
    labels      namespace, ownership, injection                    ownership.py, scope.py
    hash        of the configuration that a pod reads              config_hash.py
    files       gen's folder, and its stream                       output_folder.py
    golden      stored output to compare with                      golden.py
    leaks       secret variables in what is no Secret              leaks.py

Equal input gives equal output, byte for byte. All problems of all services are told together.
"""

from __future__ import annotations

from meshctl.render.bundle import Attempt, attempt, render
from meshctl.render.golden import golden_diff, golden_environment, golden_folder, steady
from meshctl.render.output_folder import Changes, check, output_files, stream, write

__all__ = [
    "Attempt",
    "Changes",
    "attempt",
    "check",
    "golden_diff",
    "golden_environment",
    "golden_folder",
    "output_files",
    "render",
    "steady",
    "stream",
    "write",
]
