"""What is imported: the objects of files, of folders and of standard input, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from meshctl import yamlio
from meshctl.errors import MeshctlError, Problems, UsageError, Where, YamlError, raise_all
from meshctl.identity import ObjectRef
from meshctl.importing.live import as_written, is_live, is_made_by_others
from meshctl.manifest import object_faults, unpacked

STANDARD_INPUT = "-"
_SUFFIXES = (".yaml", ".yml", ".json")
_RENDERED_BY = {
    "kustomization.yaml": "kubectl kustomize {} | meshctl import -",
    "kustomization.yml": "kubectl kustomize {} | meshctl import -",
    "Chart.yaml": "helm template {} | meshctl import -",
}


@dataclass(frozen=True)
class Original:
    """One object. `live` says that it was read from a cluster, `derived` that a controller makes it there by itself."""

    body: dict[str, Any]
    where: Where
    live: bool = False
    derived: bool = False
    ref: ObjectRef = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ref", ObjectRef.of(self.body))


def read(paths: Sequence[str], stdin: BinaryIO) -> list[Original]:
    """The objects of all files, in their order. Raises UsageError, YamlError, or Problems with all that is wrong."""
    errors: list[MeshctlError] = []
    found: list[Original] = []
    for file, text in _texts(paths, stdin):
        try:
            found.extend(_objects(yamlio.load_all(text, file), errors))
        except MeshctlError as error:
            errors.extend(error.errors if isinstance(error, Problems) else [error])
    raise_all([*errors, *_found_twice(found)])
    if not found:
        raise UsageError(f"there is no object in {', '.join(paths)}", suggestion="name files with Kubernetes manifests")
    return found


def _texts(paths: Sequence[str], stdin: BinaryIO) -> Iterator[tuple[str, str]]:
    for path in paths:
        if path == STANDARD_INPUT:
            yield "stdin", yamlio.decode(stdin.read(), "stdin")
            continue
        for file in _files(Path(path)):
            yield str(file), yamlio.read_text(file, str(file))


def _files(path: Path) -> list[Path]:
    """The file, or all that a folder has below it, without what is hidden."""
    if not path.is_dir():
        return [path]
    for name, command in _RENDERED_BY.items():
        if (path / name).exists():
            raise UsageError(f"{path / name} is no manifest but makes some", suggestion=command.format(path))
    files = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    return [file for file in files if not any(part.startswith(".") for part in file.relative_to(path).parts)]


def _objects(documents: Iterable[yamlio.Document], errors: list[MeshctlError]) -> Iterator[Original]:
    for document in documents:
        for path, body in unpacked(document.value):
            faults = list(object_faults(body))
            for fault in faults:
                place = document.where((*path, *fault.path))
                errors.append(YamlError(fault.message, where=place, suggestion=fault.suggestion))
            if not faults:
                where = document.where(path) if path else Where(document.file, document.line)
                yield Original(as_written(body), where, live=is_live(body), derived=is_made_by_others(body))


def _found_twice(sources: Iterable[Original]) -> Iterator[MeshctlError]:
    first: dict[tuple[str, str, str, str], Original] = {}
    for source in sources:
        ref = source.ref
        other = first.setdefault((ref.group, ref.kind, ref.namespace, ref.name), source)
        if other is not source:
            message = f"{ref} is in the sources twice, first at {other.where}"
            yield YamlError(message, where=source.where, suggestion="import one of the two, or give one another name")
