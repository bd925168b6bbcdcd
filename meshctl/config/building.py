"""Settings that have been checked, as typed values."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from meshctl import yamlio
from meshctl.config.durations import parse_duration
from meshctl.config.groups import flattened
from meshctl.config.model import Choice, ClusterRules, Config, Group, Ignore, Istio, Service, Wait
from meshctl.config.project import Project
from meshctl.config.provenance import effective, origins
from meshctl.config.resolution import Resolution
from meshctl.config.settings import Setting
from meshctl.errors import Caution, Where

DEFAULT_OUTPUT, DEFAULT_TEMPLATES = "./output", "./templates"


def build(project: Project, root: Setting, resolution: Resolution, cautions: Sequence[Caution]) -> Config:
    groups = _groups(root)
    return Config(
        project_root=project.root,
        file=project.file,
        environment=project.environment,
        project=resolution.project,
        namespace=resolution.namespace,
        user=resolution.user,
        output_path=_folder(project, _text(root, "output_path") or DEFAULT_OUTPUT),
        template_paths=tuple(_folder(project, path) for path in _template_paths(root)),
        ttl=_text(root, "ttl"),
        vars=resolution.vars,
        services=_services(root, resolution, groups, Where(project.shown(project.file))),
        groups=groups,
        must_deps=_names(root, "must_deps"),
        high=_names(root, "high_priority_deps"),
        mid=_names(root, "mid_priority_deps"),
        low=_names(root, "low_priority_deps"),
        enable=Choice(_names(root, "enable", "service"), _names(root, "enable", "service_group")),
        disable=Choice(_names(root, "disable", "service"), _names(root, "disable", "service_group")),
        istio=Istio(_flag(root, "istio", "inject", default=True), _text(root, "istio", "revision")),
        cluster=ClusterRules(
            _names(root, "cluster", "allow_contexts"),
            _names(root, "cluster", "allow_namespaces"),
            _names(root, "cluster", "scoped_kinds"),
        ),
        ignore=tuple(_ignore(item, Where(project.shown(project.file))) for item in root.items("check", "ignore")),
        warnings=tuple(cautions),
        effective=effective(root, resolution),
        origins=origins(root, resolution),
        secret_vars=resolution.secret_vars,
        find=lambda path: _find(root, path) or Where(project.shown(project.file)),
    )


def _services(root: Setting, resolution: Resolution, groups: Mapping[str, Group], file: Where) -> dict[str, Service]:
    skipped = set(_names(root, "skip_inject_service"))
    return {
        name: Service(
            name=name,
            where=setting.declared() or file,
            needs=_names(setting, "needs"),
            template=_text(setting, "template"),
            vars=resolution.service_vars[name],
            inject=_flag(setting, "inject", default=name not in skipped),
            wait=_wait(setting),
            groups=tuple(group.name for group in groups.values() if name in group.services),
            secret_vars=resolution.service_secrets[name],
            need_where={item.value: item.where() or file for item in setting.items("needs")},
        )
        for name, setting in root.mapping("service").items()
    }


def _wait(service: Setting) -> Wait:
    timeout = _text(service, "wait", "timeout")
    return Wait(parse_duration(timeout) if timeout else None, _text(service, "wait", "for") or "ready")


def _groups(root: Setting) -> dict[str, Group]:
    services = flattened(root)
    return {
        name: Group(name, _names(root, "service_group", name), services[name]) for name in root.mapping("service_group")
    }


def _ignore(item: Setting, file: Where) -> Ignore:
    code, service, named, reason = (_text(item, key) for key in ("code", "service", "object", "reason"))
    return Ignore(code, service, named, reason, item.where() or file)


def _template_paths(root: Setting) -> tuple[str, ...]:
    return _names(root, "templates") or (_text(root, "templates") or DEFAULT_TEMPLATES,)


def _folder(project: Project, path: str) -> Path:
    return Path(os.path.normpath(project.root / path))


def _names(root: Setting, *path: str) -> tuple[str, ...]:
    """Each name once, at its first place."""
    return tuple(dict.fromkeys(item.value for item in root.items(*path)))


def _text(root: Setting, *path: str) -> str:
    setting = root.get(*path)
    return setting.value if setting and isinstance(setting.value, str) else ""


def _flag(root: Setting, *path: str, default: bool) -> bool:
    setting = root.get(*path)
    return default if setting is None else bool(setting.value)


def _find(root: Setting, path: yamlio.Path) -> Where | None:
    setting = root
    for step in path:
        child = setting.get(step)
        if child is None:
            break
        setting = child
    return setting.declared() if setting.is_mapping else setting.where()
