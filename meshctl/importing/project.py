"""The files of the project that the imported objects make."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from meshctl import yamlio
from meshctl.config.schema import SCHEMA
from meshctl.importing.grouping import hooks
from meshctl.importing.lifting import Lifted
from meshctl.importing.namespaces import Namespaces
from meshctl.importing.needs import Need
from meshctl.importing.references import is_workload
from meshctl.importing.sources import Original
from meshctl.manifest import NAMESPACE_SERVICE

CONFIG = Path("configs", "dev.yaml")
_SCHEMA = Path(".meshctl", "config.schema.json")
_SCHEMA_LINE = "# yaml-language-server: $schema=../.meshctl/config.schema.json\n"
_AT_INSTALL = {"pre-install", "pre-upgrade", "post-install", "post-upgrade"}
_LIKE_JINJA = re.compile(r"\{[{%#]")
_LONGEST_STRETCH = re.compile(r"\{[{%#].*[}%#]\}|\{[{%#].*")
_FILE_OF_KIND = {
    "ConfigMap": "config.yaml",
    "Secret": "secret.yaml",
    "Service": "service.yaml",
    "ServiceAccount": "access.yaml",
}
_FILE_OF_GROUP = {"rbac.authorization.k8s.io": "access.yaml", "autoscaling": "scaling.yaml", "policy": "scaling.yaml"}


def files(
    project: str,
    services: Mapping[str, Sequence[Original]],
    needs: Sequence[Need],
    left_out: Sequence[Need],
    namespaces: Namespaces,
    lifted: Lifted,
) -> dict[Path, str]:
    """Every file by its path in the project."""
    config = _config(project, services, needs, left_out, namespaces, lifted)
    written = {CONFIG: config, _SCHEMA: SCHEMA.read_text("utf-8"), Path(".gitignore"): "/output/\n*.local.yaml\n"}
    for service, sources in services.items():
        for name, text in _templates(sources, lifted).items():
            written[Path("templates", service, name)] = text
    return written


def _templates(sources: Sequence[Original], lifted: Lifted) -> dict[str, str]:
    bodies: dict[str, list[Any]] = {}
    for source in sources:
        bodies.setdefault(_file_of(source), []).append(source.body)
    return {name: lifted.applied(escaped(yamlio.dump_all(each))) for name, each in bodies.items()}


def _file_of(source: Original) -> str:
    group, kind = source.ref.group_kind
    if is_workload(source.body):
        return f"{kind.lower()}.yaml"
    if kind in _FILE_OF_KIND and not group:
        return _FILE_OF_KIND[kind]
    if group.endswith(".istio.io"):
        return "istio.yaml"
    return _FILE_OF_GROUP.get(group, f"{kind.lower()}.yaml")


def escaped(text: str) -> str:
    """A text that Jinja renders to what it was."""
    return "\n".join(_escaped_line(line) for line in text.split("\n")) if _LIKE_JINJA.search(text) else text


def _escaped_line(line: str) -> str:
    if "endraw" in line:
        return _LIKE_JINJA.sub(lambda found: f"{{{{ '{found[0]}' }}}}", line)
    return _LONGEST_STRETCH.sub(lambda found: f"{{% raw %}}{found[0]}{{% endraw %}}", line)


def _config(
    project: str,
    services: Mapping[str, Sequence[Original]],
    needs: Sequence[Need],
    left_out: Sequence[Need],
    namespaces: Namespaces,
    lifted: Lifted,
) -> str:
    head: dict[str, Any] = {"project": project, "output_path": "./output", "namespace": namespaces.project}
    parts = [_SCHEMA_LINE + yamlio.dump(head)]
    if lifted.vars:
        parts.append(yamlio.dump({"vars": dict(lifted.vars)}))
    parts.append("".join(_services(services, needs, left_out)))
    if later := sorted(_not_at_start(services)):
        parts.append("# hooks that Helm runs at other times than an installation\n")
        parts[-1] += yamlio.dump({"disable": {"service": later}})
    if namespaces.others:
        parts.append(yamlio.dump({"cluster": {"allow_namespaces": list(namespaces.others)}}))
    return "\n".join(parts)


def _services(
    services: Mapping[str, Sequence[Original]], needs: Sequence[Need], left_out: Sequence[Need]
) -> Iterator[str]:
    names = [name for name in services if name != NAMESPACE_SERVICE]
    yield "service:\n" if names else "service: []\n"
    for name in names:
        own = [need for need in needs if need.service == name]
        dropped = [need for need in left_out if need.service == name]
        yield f"  {_key(name)}:{' {}' if not own else ''}\n"
        for need in dropped:
            yield f"    # left out, as {need.other} needs {name}: {need.other} ({need.evidence})\n"
        if own:
            yield "    needs:\n"
            yield from (f"    - {_key(need.other)} # {need.evidence}\n" for need in own)


def _key(name: str) -> str:
    """A name as YAML takes it for a text: `on` and `1` are names of services too."""
    return yamlio.dump([name])[2:].rstrip("\n")


def _not_at_start(services: Mapping[str, Sequence[Original]]) -> Iterator[str]:
    for name, sources in services.items():
        workloads = [source for source in sources if is_workload(source.body)]
        if name != NAMESPACE_SERVICE and workloads and all(_is_later(source) for source in workloads):
            yield name


def _is_later(source: Original) -> bool:
    found = hooks(source)
    return bool(found) and not found & _AT_INSTALL
