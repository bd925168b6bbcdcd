"""The files of a k8s-istio-control project, or of a folder of plain manifests, before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from meshctl import yamlio
from meshctl.errors import MeshctlError, Problems, UsageError, Where, raise_all
from meshctl.migrate import gotemplate, rules, translating
from meshctl.migrate.edits import Edits
from meshctl.migrate.manifests import Manifest, manifests
from meshctl.migrate.report import Change

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
    changes = [*edits.changes, *unread, *_config_changes(root, layout)]
    foreign = sorted(_foreign_namespaces(layout, edits))
    files = []
    for file, text in layout.configs.items():
        files.append(File(file, layout.targets[file], text, _allowing(text, foreign)))
        if foreign:
            why = "manifests name them, and gen refuses others than the developer's own"
            changes.append(Change("config", "added", Where(file), f"allow_namespaces: {', '.join(foreign)}", why))
    edited = {file: edits.applied(file, text) for file, text in layout.templates.items()}
    translated = translating.translate(layout.templates, edited, layout.vars)
    files += [File(file, layout.targets[file], text, translated.texts[file]) for file, text in layout.templates.items()]
    changes += translated.changes
    if translated.uses_macros:
        target = f"{TEMPLATES}/_lib/{gotemplate.MACROS}"
        files.append(File("", target, "", (Path(gotemplate.__file__).parent / gotemplate.MACROS).read_text("utf-8")))
    ordered = sorted(changes, key=lambda change: (change.where, change.rule, change.message))
    return Migrated(files, ordered, bool(layout.configs))


def _foreign_namespaces(layout: _Layout, edits: Edits) -> set[str]:
    """Namespaces that manifests name outright. `default` is a slip that is told; it is nobody's to write to."""
    named: set[str] = set()
    for file, text in layout.templates.items():
        found, _ = manifests(edits.applied(file, text), file)
        named |= {each.namespace for each in found if "{{" not in each.namespace}
    return named - {"", "default", *(str(vars_.get("namespace")) for vars_ in layout.vars)}


def _allowing(config: str, namespaces: Sequence[str]) -> str:
    if not namespaces or re.search(r"^cluster:", config, re.MULTILINE):
        return config
    return config.rstrip("\n") + "\n\n" + yamlio.dump({"cluster": {"allow_namespaces": list(namespaces)}})


def _unread(where: Where, message: str) -> Change:
    return Change("M15", "refused", where, f"this is no YAML: {message}", "no rule was applied to this document")


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
            where = translating.place(path.name, text, at)
            message = "the original escaped what it rendered for HTML, & as &amp; and so on"
            yield Change("M15", "look", where, message, "gen writes values as they are")


def _tests(source: str, name: str) -> bool:
    return re.search(rf"\{{\{{-?\s*(?:else\s+)?(?:if|with)\b[^}}]*\.{re.escape(name)}\b", source) is not None
