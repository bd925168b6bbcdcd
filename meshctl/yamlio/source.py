"""From a file on disk to text, with every way in which that fails."""

from __future__ import annotations

import codecs
from pathlib import Path

from meshctl.errors import Where, YamlError

LARGEST = 32 * 1024 * 1024  # bytes; an API server takes 3 MB, so more is some other file
UNREADABLE = "MSH020"


def read_text(path: Path, file: str, largest: int = LARGEST) -> str:
    """The text of an ordinary file of UTF-8 with at most so many bytes; `file` is its name in messages."""
    return decode(_read_bytes(path, file, largest), file)


def decode(data: bytes, file: str) -> str:
    """Bytes of UTF-8 as text. Raises YamlError with the place of the first byte that is none.

    A byte order mark says nothing, at the start of each file of several that were joined either.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise YamlError("this file is UTF-16", where=Where(file, 1, 1), suggestion="save it as UTF-8")
    try:
        return data.decode("utf-8-sig").replace("\n\ufeff", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        where = Where(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        what = f"byte 0x{data[error.start]:02x} is no UTF-8"
        raise YamlError(what, where=where, suggestion="save the file as UTF-8") from None


def _read_bytes(path: Path, file: str, largest: int) -> bytes:
    """A pipe or a device is refused before it is opened: reading it might never end."""
    try:
        if path.exists() and not path.is_file():
            raise YamlError(f"{file} is {'a folder' if path.is_dir() else 'no ordinary file'}", code=UNREADABLE)
        if path.stat().st_size > largest:
            raise YamlError(f"{file} has more than {largest // 2**20} MB", code=UNREADABLE)
        return path.read_bytes()
    except OSError as error:
        raise YamlError(f"{file} cannot be read: {error.strerror}", code=UNREADABLE) from error
