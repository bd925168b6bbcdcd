"""What is stored of a run, without a cluster."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshctl.errors import NotFound, Where
from meshctl.history import Entry, choose, pack, previous, unpack
from meshctl.history.store import LARGEST
from meshctl.manifest import Bundle, Manifest, Source

PLACE = Source(Where("web.yaml", 1, 1), Where("web.yaml", 1, 1))


def bundle(**services: list[dict[str, Any]]) -> Bundle:
    made = {
        name: tuple(Manifest(body, name, "", lambda *_, **__: PLACE) for body in bodies)
        for name, bodies in services.items()
    }
    return Bundle("dev-anna", made)


def body(kind: str, name: str = "web", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "dev-anna"}, **more}


VALUES = st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=12).map(lambda text: f"secret:{text}"))


@settings(max_examples=30)
@given(data=VALUES, string_data=VALUES, annotations=VALUES)
def test_no_value_of_a_secret_is_stored(data: Any, string_data: Any, annotations: Any) -> None:
    """Not even in an annotation: kubectl's last-applied-configuration has them all."""
    secret = body("Secret", data=data, stringData=string_data)
    secret["metadata"]["annotations"] = annotations
    packed = pack(bundle(web=[secret]))
    assert "secret:" not in zlib.decompress(base64.b64decode(packed)).decode()
    (kept,) = unpack(packed, "dev-anna", "run 1")
    assert kept.body == body("Secret")


def test_everything_else_comes_back_as_it_was() -> None:
    stored = bundle(_namespace=[body("LimitRange")], db=[], web=[body("ConfigMap", data={"a": "ü\n"}), body("Service")])
    found = unpack(pack(stored), "dev-anna", "run 3")
    assert {name: [each.body for each in bodies] for name, bodies in found.services.items()} == {
        name: [each.body for each in bodies] for name, bodies in stored.services.items()
    }
    assert [str(each.where) for each in found][:1] == ["run 3"]


def test_a_run_of_a_thousand_services_fits_into_one_object() -> None:
    """Of four objects each, none like the other."""
    data = {f"key{number}": f"value-{number}" for number in range(10)}
    services = {
        f"service-{number}": [
            body("ConfigMap", f"{kind}-{number}", data={**data, "own": str(number)}) for kind in "abcd"
        ]
        for number in range(1000)
    }
    assert len(pack(bundle(**services))) < LARGEST / 2


def entry(revision: int, *services: str, exit: int = 0, restorable: bool = True) -> Entry:  # noqa: A002
    return Entry(
        revision=revision,
        time="2026-01-01T10:00:00Z",
        user="anna",
        host="laptop",
        version="1.0",
        action="start",
        command="start",
        services=services or ("web",),
        exit=exit,
        seconds=1.5,
        counts={"applied": 2},
        git="1f3c9a0b12de-dirty",
        restorable=restorable,
    )


def test_an_entry_is_read_as_it_was_written() -> None:
    assert Entry.read(4, entry(4, "web", "db").text()) == entry(4, "web", "db")


def test_an_entry_of_another_version_is_read_as_far_as_it_goes() -> None:
    found = Entry.read(4, json.dumps({"user": "anna", "colour": "red"}))
    assert (found.revision, found.user, found.services, found.restorable) == (4, "anna", (), False)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([entry(2), entry(1)], 1),
        ([entry(3, exit=1), entry(2), entry(1)], 2),
        ([entry(3), entry(2, exit=1), entry(1)], 1),
        ([entry(3), entry(2, exit=130), entry(1)], 1),
        ([entry(3), entry(2, restorable=False), entry(1)], 1),
        ([entry(3, "web"), entry(2, "db"), entry(1, "db", "web")], 1),
    ],
)
def test_the_run_before(entries: list[Entry], expected: int) -> None:
    assert previous(entries).revision == expected


@pytest.mark.parametrize("entries", [[], [entry(1)], [entry(2, "web"), entry(1, "db")]])
def test_there_is_no_run_before(entries: list[Entry]) -> None:
    with pytest.raises(NotFound):
        previous(entries)


def test_a_run_that_is_not_there() -> None:
    with pytest.raises(NotFound) as caught:
        choose([entry(3), entry(2)], 9)
    assert (caught.value.message, caught.value.suggestion) == ("there is no run 9", "there are 3, 2")
