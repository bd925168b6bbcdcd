"""The files of a k8s-istio-control project, or of a folder of plain manifests, before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from meshctl import yamlio
from meshctl.errors import MeshctlError, Problems, UsageError, Where, raise_all
from meshctl.migrate import gotemplate, rules
from meshctl.migrate.edits import Edits
from meshctl.migrate.gotemplate import GoSyntaxError
from meshctl.migrate.manifests import Manifest, manifests
from meshctl.migrate.report import Change, Kind

CONFIGS, TEMPLATES = "configs", "templates"
_CONFIG_FOLDERS = (CONFIGS, "etc")
_TEMPLATE_FOLDERS = (TEMPLATES, "mesh")
_SUFFIXES = (".yaml", ".yml")
_CONFIG_KEYS = frozenset(("service", "service_group", "output_path", "must_deps", "high_priority_deps"))


@dataclass(frozen=True)
class File:
    """`old` at `source` and `new` at `target`, both relative to the project; `source` is empty for a new file."""

    source: str
    target: str
    old: str
    new: str


@dataclass(frozen=True)
class Migrated:
    """`files` are those that the project is made of, changed or not; `is_project` is False without a config."""

    files: Sequence[File]
    changes: Sequence[Change]
    is_project: bool


@dataclass(frozen=True)
class _Layout:
    """Where configs and templates are, and the services that the configs name."""

    configs: Mapping[str, str]
    templates: Mapping[str, str]
    targets: Mapping[str, str]
    vars: Sequence[Mapping[str, Any]]


def migrate(root: Path) -> Migrated:
    """Nothing is written. Raises UsageError, YamlError, or Problems for what cannot be read."""
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}")
    layout = _layout(root)
    edits = Edits()
    found: list[Manifest] = []
    unread: list[Change] = []
    for file, text in layout.templates.items():
        objects, failed = manifests(text, file)
        found += objects
        unread += [_unread(each.where, each.message) for each in failed]
    rules.apply(found, edits)
    files = [File(file, layout.targets[file], text, text) for file, text in layout.configs.items()]
    changes = [*edits.changes, *unread, *_config_changes(root, layout)]
    uses_macros = False
    for file, text in layout.templates.items():
        new, told, macros = _as_jinja(file, text, edits.applied(file, text), layout.vars)
        files.append(File(file, layout.targets[file], text, new))
        changes += told
        uses_macros |= macros
    if uses_macros:
        target = f"{TEMPLATES}/_lib/{gotemplate.MACROS}"
        files.append(File("", target, "", (Path(gotemplate.__file__).parent / gotemplate.MACROS).read_text("utf-8")))
    ordered = sorted(changes, key=lambda change: (change.where, change.rule, change.message))
    return Migrated(files, ordered, bool(layout.configs))


def _unread(where: Where, message: str) -> Change:
    return Change("M15", "refused", where, f"this is no YAML: {message}", "no rule was applied to this document")


def _as_jinja(file: str, old: str, new: str, vars_: Sequence[Mapping[str, Any]]) -> tuple[str, list[Change], bool]:
    """The text in Jinja. What is told of it has the places of the original."""
    try:
        remarks = gotemplate.translate(gotemplate.parse(old), vars_).remarks
        translation = gotemplate.translate(gotemplate.parse(new), vars_)
    except GoSyntaxError:
        return new, [], False
    changes = [_template_change(file, old, remark) for remark in remarks]
    if (at := old.find("{{")) >= 0 and translation.text != new:
        where = _place(file, old, at)
        changes.append(Change("template", "changed", where, "Go's template syntax is now Jinja", ""))
    return translation.text, changes, translation.uses_macros


def _template_change(file: str, text: str, remark: gotemplate.Remark) -> Change:
    kind: Kind = "refused" if remark.refused else "look"
    why = "gen fails there until it is written by hand" if remark.refused else ""
    return Change("template", kind, _place(file, text, remark.position), remark.message, why)


def _place(file: str, text: str, position: int) -> Where:
    return Where(file, text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))


def _layout(root: Path) -> _Layout:
    configs = dict(_configs(root))
    texts = {file: yamlio.read_text(root / file, file) for file in configs}
    if not configs:
        plain = {file: yamlio.read_text(root / file, file) for file in _yaml_files(root, "")}
        if not plain:
            raise UsageError(f"{root} has neither a project file nor manifests")
        return _Layout({}, plain, {file: file for file in plain}, [])
    services = {name for value in configs.values() for name in _services(value)}
    folder = next((name for name in _TEMPLATE_FOLDERS if (root / name).is_dir()), "")
    files = [
        file
        for file in _yaml_files(root, folder)
        if file not in configs and (folder or PurePosixPath(file).parts[0] in services)
    ]
    targets = {file: f"{CONFIGS}/{PurePosixPath(file).name}" for file in configs}
    targets |= {file: f"{TEMPLATES}/{PurePosixPath(file).relative_to(folder)}" for file in files}
    templates = {file: yamlio.read_text(root / file, file) for file in files}
    return _Layout(texts, templates, targets, [_vars(value) for value in configs.values()])


def _configs(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The project files, in the first folder that has any. Raises YamlError or Problems."""
    errors: list[MeshctlError] = []
    for folder in (*_CONFIG_FOLDERS, ""):
        found = []
        for path in sorted((root / folder).glob("*.y*ml")):
            file = path.relative_to(root).as_posix()
            try:
                value = yamlio.load(yamlio.read_text(path, file), file).value
            except MeshctlError as error:
                if folder:
                    errors += error.errors if isinstance(error, Problems) else [error]
                continue
            if isinstance(value, dict) and _CONFIG_KEYS & value.keys() and "kind" not in value:
                found.append((file, value))
        raise_all(errors)
        if found:
            yield from found
            return


def _yaml_files(root: Path, folder: str) -> Iterator[str]:
    for path in sorted((root / folder).rglob("*")):
        file = path.relative_to(root)
        hidden = any(part.startswith(".") or part == "output" for part in file.parts)
        if path.suffix in _SUFFIXES and path.is_file() and not hidden:
            yield file.as_posix()


def _services(config: Mapping[str, Any]) -> list[str]:
    services = config.get("service") or []
    return [str(name) for name in services if isinstance(name, str)]


def _vars(config: Mapping[str, Any]) -> dict[str, Any]:
    found = config.get("vars")
    return found if isinstance(found, dict) else {}


def _config_changes(root: Path, layout: _Layout) -> Iterator[Change]:
    for file, target in layout.targets.items():
        if file != target and file in layout.configs:
            yield Change("config", "changed", Where(file), f"moved to {target}", "that is where meshctl looks")
    for file, text in layout.configs.items():
        document = yamlio.load(text, file)
        for name, value in _vars(document.value).items():
            if isinstance(value, bool) and any(_tests(source, name) for source in layout.templates.values()):
                message = f"vars.{name} is {str(value).lower()}, a boolean, and templates ask for it"
                why = "the original read every var as a text, so that even false was true there"
                yield Change("config", "look", document.where(("vars", name)), message, why)
    for path in sorted(root.glob("*.go")):
        text = path.read_text("utf-8", "replace")
        if (at := text.find('"html/template"')) >= 0:
            message = "the original escaped what it rendered for HTML, & as &amp; and so on"
            yield Change("M15", "look", _place(path.name, text, at), message, "gen writes values as they are")


def _tests(source: str, name: str) -> bool:
    return re.search(rf"\{{\{{-?\s*(?:else\s+)?(?:if|with)\b[^}}]*\.{re.escape(name)}\b", source) is not None
