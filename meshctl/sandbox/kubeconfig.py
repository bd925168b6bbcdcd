"""Kubeconfigs: the sandbox's own, one for each of its programs, and on request an entry in the user's.

Written as JSON, which every reader of a kubeconfig takes for the YAML that it is.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from meshctl.errors import SandboxError
from meshctl.sandbox import context_name
from meshctl.sandbox.certificates import authority, key_pair
from meshctl.sandbox.folders import Folders, write_private

SECTIONS = ("clusters", "users", "contexts")


def write_kubeconfigs(folders: Folders, port: int) -> None:
    """The certificate authority and the keys are inside, so the file works wherever it is copied to."""
    for program in ("kube-controller-manager", "kube-scheduler", "kwok"):
        write_private(folders.program_kubeconfig(program), json.dumps(_kubeconfig(folders, port, program)))
    write_private(folders.kubeconfig, json.dumps(_kubeconfig(folders, port, "admin"), indent=2) + "\n")


def _kubeconfig(folders: Folders, port: int, owner: str) -> dict[str, Any]:
    name = context_name(folders.name)
    pair = key_pair(folders, owner)
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": _base64(authority(folders))}
    user = {"client-certificate-data": _base64(pair.certificate), "client-key-data": _base64(pair.key)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        "current-context": name,
    }


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode("ascii")


def users_kubeconfig() -> Path:
    """The file that kubectl itself would write to."""
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return Path(listed[0]) if listed else Path.home() / ".kube" / "config"


def merge(folders: Folders, file: Path) -> str:
    """Writes the sandbox into the user's kubeconfig and makes it current; returns what was current before."""
    own = json.loads(folders.kubeconfig.read_text(encoding="utf-8"))
    config = _read(file)
    previous = str(config.get("current-context") or "")
    for section in SECTIONS:
        config[section] = [*_others(config, section, context_name(folders.name)), *own[section]]
    config["current-context"] = own["current-context"]
    _write(file, config)
    return previous


def unmerge(folders: Folders, file: Path, previous_context: str) -> None:
    """Takes out what `merge` wrote, and nothing else; a file that is gone needs nothing."""
    if not file.exists():
        return
    name = context_name(folders.name)
    config = _read(file)
    for section in SECTIONS:
        config[section] = _others(config, section, name)
    if config.get("current-context") == name:
        config["current-context"] = previous_context
    _write(file, config)


def _others(config: dict[str, Any], section: str, name: str) -> list[Any]:
    return [entry for entry in config.get(section) or [] if entry.get("name") != name]


def _read(file: Path) -> dict[str, Any]:
    from meshctl import yamlio

    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"{file} cannot be read: {error}") from error
    value = yamlio.load(text, str(file)).value
    if value is None:
        return {"apiVersion": "v1", "kind": "Config"}
    if not isinstance(value, dict):
        raise SandboxError(f"{file} is no kubeconfig", suggestion="look at the file, or set KUBECONFIG to another one")
    return value


def _write(file: Path, config: dict[str, Any]) -> None:
    from meshctl import yamlio

    target = file.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_private(target, yamlio.dump(config))
    except OSError as error:
        raise SandboxError(f"{file} cannot be written: {error}") from error
