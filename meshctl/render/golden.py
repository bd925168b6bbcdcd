"""Stored output that a change of templates is compared with: the same on every machine, and without secrets.

It is rendered for a user of its own, so that no developer's name is in it; values of Secrets are masked, and what is
reckoned from them is left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from meshctl.config import MASK, Config
from meshctl.manifest import ANNOTATION_CONFIG_HASH, Bundle, Manifest, pod_template
from meshctl.render.output_folder import Changes, output_files

FOLDER = "golden"  # below the project; in it a folder for each environment
USER = "golden"


def golden_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a user that everybody has."""
    return {**environ, "LOGNAME": USER}


def golden_folder(config: Config) -> Path:
    return config.project_root / FOLDER / (config.environment or config.file.stem)


def steady(bundle: Bundle) -> Bundle:
    """The bundle without what differs from machine to machine."""
    services = {name: tuple(map(_steady, manifests)) for name, manifests in bundle.services.items()}
    return replace(bundle, services=services)


def golden_diff(config: Config, bundle: Bundle, changes: Changes) -> Iterator[str]:
    """What is stored and what it would be, as a unified diff, file by file."""
    folder = golden_folder(config)
    wanted = output_files(bundle)
    for file in changes.out_of_date:
        path = folder / file
        before = path.read_text("utf-8", "replace").splitlines(keepends=True) if file not in changes.created else []
        after = wanted.get(file, "").splitlines(keepends=True)
        shown = path.relative_to(config.project_root).as_posix()
        yield "".join(difflib.unified_diff(before, after, f"{shown} (stored)", f"{shown} (rendered)"))


def _steady(manifest: Manifest) -> Manifest:
    body = dict(deepcopy(manifest.body))
    if body.get("kind") == "Secret":
        for field in ("data", "stringData"):
            if isinstance(body.get(field), dict):
                body[field] = dict.fromkeys(body[field], MASK)
    for metadata in filter(None, (body.get("metadata"), _pod_metadata(body))):
        annotations = metadata.get("annotations")
        if isinstance(annotations, dict) and annotations.pop(ANNOTATION_CONFIG_HASH, None) and not annotations:
            del metadata["annotations"]
    return replace(manifest, body=body)


def _pod_metadata(body: dict[str, Any]) -> Any:
    template = pod_template(body)
    return template.get("metadata") if template else None
