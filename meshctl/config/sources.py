"""Variables from beside the project file: files that SOPS encrypted, plain files, the environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from meshctl import yamlio
from meshctl.config.settings import Layer, Setting
from meshctl.errors import ConfigError, MeshctlError, Where, YamlError

SECONDS = 30.0  # for one file; a key service that has not answered by then will not
_UNREADABLE = yamlio.UNREADABLE
_INSTALL = "install it: https://getsops.io"
_METADATA = "sops"  # the key under which SOPS keeps what it needs itself


class File(NamedTuple):
    """`shown` is its name in messages, `where` the place that names it."""

    path: Path
    shown: str
    where: Where


@dataclass(frozen=True)
class Sources:
    """`decrypt` gives the YAML of a file that SOPS encrypted."""

    environ: Mapping[str, str]
    decrypt: Callable[[File, Mapping[str, str]], str]

    def variables(self, entry: Setting, find: Callable[[Setting], File]) -> Setting | None:
        """The variables of one entry of `vars_from`, None where there are none: an optional file that is missing, or
        an entry of the wrong shape, which the schema tells. `find` gives the file of a name.

        Raises ConfigError, YamlError or Problems.
        """
        kinds = [key for key in ("sops", "file", "env") if entry.get(key)]
        name = entry.get(kinds[0]) if len(kinds) == 1 else None
        if name is None or not isinstance(name.value, str):
            return None
        kind = kinds[0]
        secret = kind == "sops" or _is_true(entry.get("secret"))
        if kind == "env":
            return self._of_environment(name.value, secret=secret)
        file = find(name)
        if not os.path.lexists(file.path) and _is_true(entry.get("optional")):
            return None
        return self._of_sops(file) if kind == "sops" else _of_file(file, secret=secret)

    def _of_environment(self, prefix: str, *, secret: bool) -> Setting:
        """`SHOP_DB_PASSWORD` of the prefix `SHOP_` is db_password, and always a text."""
        found = sorted(name for name in self.environ if name.startswith(prefix) and name != prefix)
        return Setting(
            {
                name.removeprefix(prefix).lower(): Setting.of(self.environ[name], _layer_at(Where(name), secret=secret))
                for name in found
            }
        )

    def _of_sops(self, file: File) -> Setting:
        """A fault of the YAML is told without its place: its words could quote what was decrypted."""
        _text(file)  # says in our words what is wrong with the file itself
        text = self.decrypt(file, self.environ)
        try:
            value = yamlio.load(text, file.shown).value
        except MeshctlError:
            message = f"what sops makes of {file.shown} is no YAML"
            raise ConfigError(message, code=_UNREADABLE, where=file.where) from None
        return _mapping(value, _layer_at(Where(file.shown), secret=True), file.where)


def decrypted(file: File, environ: Mapping[str, str]) -> str:
    """By the program sops. Raises ConfigError with what it says."""
    arguments = ["sops", "--decrypt", "--output-type", "yaml", str(file.path)]
    environment = {"PATH": os.defpath, **environ}
    try:
        ended = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        message = f"sops has not decrypted {file.shown} within {SECONDS:g} seconds"
        raise _refused(message, file, "does its key service answer?") from None
    except OSError as error:
        message = f"{file.shown} needs the program sops, which cannot be run: {error.strerror}"
        raise _refused(message, file, _INSTALL) from None
    if ended.returncode:
        lines = [line.strip() for line in ended.stderr.decode(errors="replace").splitlines() if line.strip()]
        told = " · ".join(lines) or f"exit code {ended.returncode}"
        raise _refused(f"sops does not decrypt {file.shown}: {told}", file)
    return ended.stdout.decode(errors="replace")


def encrypted(file: File, _environ: Mapping[str, str]) -> str:
    """The file as it is: its keys are readable, its values are not. A dotenv file is given as YAML, as by sops."""
    text = _text(file)
    if file.path.suffix != ".env":
        return text
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return yamlio.dump({name: value for name, _, value in pairs if not name.startswith(f"{_METADATA}_")})


def _refused(message: str, file: File, advice: str = "") -> ConfigError:
    return ConfigError(message, code=_UNREADABLE, where=file.where, suggestion=advice)


def _of_file(file: File, *, secret: bool) -> Setting:
    document = yamlio.load(_text(file), file.shown)
    layer = Layer(file.shown, lambda steps, key: document.where(steps, key=key), secret=secret, literal=secret)
    return _mapping(document.value, layer, Where(file.shown, 1, 1))


def _text(file: File) -> str:
    """A file that cannot be read has no line to show; the one that names it has."""
    try:
        return yamlio.read_text(file.path, file.shown)
    except YamlError as error:
        error.where = error.where or file.where
        raise


def _mapping(value: Any, layer: Layer, where: Where) -> Setting:
    if not isinstance(value, dict | None):
        raise ConfigError(f"{layer.name} is no mapping of variables", where=where)
    return Setting.of({key: child for key, child in (value or {}).items() if key != _METADATA}, layer)


def _layer_at(where: Where, *, secret: bool) -> Layer:
    return Layer(where.file, lambda _path, _key: where, secret=secret, literal=True)


def _is_true(setting: Setting | None) -> bool:
    return setting is not None and setting.value is True
