"""Ranges of versions: what each form means, and what is meant by one that is none."""

from __future__ import annotations

import pytest
from conftest import Load

from meshctl.config.versions import bounds, nearest_range, release_of
from meshctl.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (">=1.2", ">=1.2"),
        (">=1.2, <2", ">=1.2,<2"),
        (" != 1.2.3 ", "!=1.2.3"),
        ("~=1.2", ">=1.2,<2"),
        ("~=1.2.3", ">=1.2.3,<1.3"),
        ("~=0.1.2.3", ">=0.1.2.3,<0.1.3"),
        ("^1.2", ">=1.2,<2"),
        ("^1", ">=1,<2"),
        ("^0.3.1", ">=0.3.1,<0.4"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("~1", ">=1,<2"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("1.x", ">=1,<2"),
        ("1.2.*", ">=1.2,<1.3"),
        ("^1.2, !=1.3.0", ">=1.2,<2,!=1.3.0"),
    ],
)
def test_a_form_means(text: str, meant: str) -> None:
    assert ",".join(map(str, bounds(text))) == meant


@pytest.mark.parametrize(
    ("text", "version", "holds"),
    [
        ("^1.2", "1.10.0", True),
        ("^1.2", "2.0.0", False),
        ("~1.2", "1.2.9", True),
        ("~1.2", "1.3", False),
        ("1.2.x", "1.2", True),
        (">=1.2,<2", "1.2.0.dev3", True),
        (">1.2", "1.2.0", False),
    ],
)
def test_versions_compare_as_numbers(text: str, version: str, holds: bool) -> None:
    assert all(bound.holds(release_of(version)) for bound in bounds(text)) is holds


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("1.2", ">=1.2"),
        ("=1.2", "==1.2"),
        ("=>1.2", ">=1.2"),
        ("≥ 1.2", ">=1.2"),
        (">=v1.2", ">=1.2"),
        (">=1.2rc1", ">=1.2"),
        (">=1.2-rc.1+build.5", ">=1.2"),
        (">=1.2 <2", ">=1.2, <2"),
        (">= 1.2 && < 2", ">=1.2, <2"),
        (">=1.2,", ">=1.2"),
        ("1.2 - 2", ">=1.2, <=2"),
        ("~> 1.2", "~=1.2"),
        ("~=1", "~1"),
        ("==1.2.*", "1.2.*"),
        (">=1.x", ">=1"),
        ("^1.2, latest", ""),
        ("<=1.x", ""),
        (">=1 || >=3", ""),
        (">=1..2", ""),
        ("9" * 5000, ""),
        (">=" + "9" * 5000, ""),
        ("", ""),
        ("*", ""),
    ],
)
def test_the_nearest_form_of_what_is_none(text: str, near: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its words are the part
        bounds(text)
    assert str(caught.value) in text
    assert nearest_range(text) == near
    assert not near or bounds(near)


def test_the_part_that_is_not_understood_is_told(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load("requires: '>=1.2, latest'\n")
    assert caught.value.message == 'requires has to be a range of versions, not the text "latest"'
    assert caught.value.suggestion == "write it like >=1.2, ~=1.2, ^1.2, ~1.2, 1.x, or two: >=1.2, <2"
