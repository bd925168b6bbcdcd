"""Imports written as YAML, and what gen gives back of them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from meshctl import config, importing, render, yamlio
from meshctl.importing import Imported
from meshctl.manifest import LABEL_INJECT, LABEL_MANAGED_BY, LABEL_MEMBER, LABEL_PART_OF
from meshctl.plan import whole
from meshctl.scaffold import create_files

Body = Mapping[str, Any]


def imported(text: str, *, lifting: bool = False) -> Imported:
    return importing.make(importing.read(["-"], io.BytesIO(text.encode())), "shop", lifting=lifting)


def generated(made: Imported, folder: Path, *, user: str = "anna") -> list[Body]:
    """The objects that gen makes of the project."""
    create_files(folder, made.files)
    project = config.find_project(directory=folder, environment=None, file=None, environ={}, cwd=folder)
    plan = whole(config.load(project, environ={"USER": user}, cwd=folder))
    return [manifest.body for manifest in render.render(plan, environ={}, cache=folder / ".cache")]


def essence(bodies: Iterable[Body], own: str) -> dict[tuple[str, ...], Body]:
    """Objects by identity, without the namespace, the labels and the annotations that meshctl writes."""
    found = {}
    for body in bodies:
        plain = yamlio.load(yamlio.dump(without_ours(body)), "object").value
        metadata = plain["metadata"]
        if metadata.get("namespace") == own:
            del metadata["namespace"]
        found[body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"]] = plain
    return found


def without_ours(value: Any) -> Any:
    """Labels and annotations of meshctl.dev, and those that it takes over; a mapping that is empty then is none."""
    if isinstance(value, Mapping):
        plain = {key: without_ours(child) for key, child in value.items()}
        for field in ("labels", "annotations"):
            if isinstance(entries := plain.get(field), dict):
                plain[field] = {key: child for key, child in entries.items() if not is_ours(key)}
                if not plain[field]:
                    del plain[field]
        return {key: child for key, child in plain.items() if key != "metadata" or child}
    return [without_ours(child) for child in value] if isinstance(value, list) else value


def is_ours(name: str) -> bool:
    return name.startswith("meshctl.dev/") or name in (LABEL_MANAGED_BY, LABEL_PART_OF, LABEL_INJECT, LABEL_MEMBER)


def needs_of(made: Imported) -> dict[str, list[str]]:
    return {
        name: sorted(need.other for need in made.needs if need.service == name)
        for name in made.services
        if name != "_namespace"
    }


def objects_of(made: Imported) -> dict[str, list[str]]:
    return {name: sorted(f"{each.ref.kind}/{each.ref.name}" for each in found) for name, found in made.services.items()}


def stream(bodies: Sequence[Body]) -> str:
    return yamlio.dump_all(bodies)
