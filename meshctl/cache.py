"""What is kept between runs to be quick: below one folder of the user's, safe to delete, never needed.

A cache that cannot be read is empty, one that cannot be written is none; a reader sees a whole file or no file.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_DIGEST = hashlib.sha256().digest_size
_MOST_FILES = 100  # of one folder: each is of another project


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """MESHCTL_CACHE_HOME keeps what a test leaves apart from the user's."""
    if chosen := environ.get("MESHCTL_CACHE_HOME"):
        return Path(chosen).absolute()
    import platformdirs

    return platformdirs.user_cache_path("meshctl")


def private(folder: Path) -> Path | None:
    """The folder, made if need be; None unless it is its owner's alone: what is kept there may be run as code."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
    return None if foreign or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else folder


def write(file: Path, content: bytes) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(file)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_sealed(file: Path) -> bytes | None:
    """What `write_sealed` wrote; None when it is not there, or damaged."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    body = content[_DIGEST:]
    return body if hashlib.sha256(body).digest() == content[:_DIGEST] else None


def write_sealed(file: Path, body: bytes) -> None:
    """With a checksum before it, so that a damaged file is known for one; of a folder's files, the latest stay."""
    write(file, hashlib.sha256(body).digest() + body)
    with suppress(OSError):
        latest_first = sorted(file.parent.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in latest_first[_MOST_FILES:]:
            old.unlink()
