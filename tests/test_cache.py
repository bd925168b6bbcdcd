"""What is kept between runs is whole or absent, the owner's alone, and bounded."""

from __future__ import annotations

import os
from pathlib import Path

from meshctl import cache


def test_what_was_written_is_read(tmp_path: Path) -> None:
    cache.write_sealed(tmp_path / "folder/file", b"content")
    assert cache.read_sealed(tmp_path / "folder/file") == b"content"
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["file"]


def test_a_damaged_file_is_none(tmp_path: Path) -> None:
    cache.write_sealed(tmp_path / "file", b"content")
    (tmp_path / "file").write_bytes((tmp_path / "file").read_bytes()[:-1])
    assert cache.read_sealed(tmp_path / "file") is None
    assert cache.read_sealed(tmp_path / "none") is None


def test_a_place_where_nothing_can_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache.write(tmp_path / "file/below", b"content")
    assert cache.private(tmp_path / "file/below") is None


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    assert cache.private(tmp_path / "mine") == tmp_path / "mine"
    (tmp_path / "mine").chmod(0o770)
    assert cache.private(tmp_path / "mine") is None


def test_only_the_latest_files_stay(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).touch()
        os.utime(tmp_path / str(number), (number, number))
    cache.write_sealed(tmp_path / "new", b"content")
    left = {file.name for file in tmp_path.iterdir()}
    assert len(left) == 100
    assert "0" not in left
    assert {"1", "new"} <= left
