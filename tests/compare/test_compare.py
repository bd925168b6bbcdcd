"""The comparison's pure parts: quantities, the form in which objects are sent, and changes field by field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl.compare import FieldChange, as_wanted, canonical, changes
from meshctl.compare.quantity import parse_quantity, same_quantity

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}


@pytest.mark.parametrize(
    ("one", "other"),
    [("1000m", "1"), ("1024Mi", "1Gi"), ("0.5", "500m"), (2, "2"), ("1e3", "1k"), ("1E", "1000P"), (".5Gi", "512Mi")],
)
def test_the_same_quantity_has_many_spellings(one: object, other: object) -> None:
    assert same_quantity(one, other)


@pytest.mark.parametrize("words", ["", "1 Gi", "1gi", "Gi", "1..0", "0x10", "1e", "true"])
def test_what_is_no_quantity_is_the_same_as_nothing(words: str) -> None:
    assert parse_quantity(words) is None
    assert not same_quantity(words, words)


@given(st.integers(0, 10**6), st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi"]))
def test_a_quantity_is_its_number_times_its_suffix(number: int, suffix: str) -> None:
    factor = parse_quantity(f"1{suffix}")
    assert factor is not None
    assert parse_quantity(f"{number}{suffix}") == Decimal(number) * factor


def test_a_secrets_text_is_sent_as_data() -> None:
    body = {**SECRET, "stringData": {"user": "änna"}, "data": {"user": "eA==", "key": "eA=\n="}}
    assert canonical(body) == {**SECRET, "data": {"user": "w6RubmE=", "key": "eA=="}}


def test_text_that_is_no_text_is_left_for_the_server_to_refuse() -> None:
    body = {**SECRET, "stringData": {"port": 80}}
    assert canonical(body)["stringData"] == {"port": 80}


def test_nulls_and_empty_labels_are_not_sent() -> None:
    metadata = {"name": "c", "labels": {}, "annotations": None, "creationTimestamp": None}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"empty": "", "none": None}}
    assert canonical(body) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c"},
        "data": {"empty": ""},
    }


def test_a_custom_resource_is_sent_word_for_word() -> None:
    body = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "labels": {}}, "spec": None}
    assert canonical(body) == body


def test_a_custom_resource_is_compared_word_for_word() -> None:
    """Its schema is not known here: a default inside of a list looks like a field that left the template."""
    wanted = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"parts": [{"a": 1}]},
    }
    entry = {
        "manager": "meshctl",
        "operation": "Apply",
        "apiVersion": "example.com/v1",
        "fieldsV1": {"f:spec": {"f:parts": {}}},
    }
    live: dict[str, Any] = {**wanted, "metadata": {"name": "w", "managedFields": [entry]}}
    assert as_wanted(wanted, live)
    assert not as_wanted(wanted, {**live, "spec": {"parts": [{"a": 1, "protocol": "TCP"}]}})


def test_an_object_applied_in_another_version_is_applied_again() -> None:
    wanted = {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"a": 1}}
    entry = {
        "manager": "meshctl",
        "operation": "Apply",
        "apiVersion": "example.com/v1",
        "fieldsV1": {"f:spec": {"f:a": {}}},
    }
    assert not as_wanted(wanted, {**wanted, "metadata": {"name": "w", "managedFields": [entry]}})


def pod(**container: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "web", **container}]}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (pod(image="a"), pod(image="b"), FieldChange("spec.containers[web].image", "a", "b")),
        (pod(), pod(tty=True), FieldChange("spec.containers[web].tty", None, new=True)),
        (pod(args=["a"]), pod(args=["a", "b"]), FieldChange("spec.containers[web].args[1]", None, "b")),
        (pod(port=1), pod(port=True), FieldChange("spec.containers[web].port", 1, new=True)),
        (
            pod(env=[{"name": "A", "value": "1"}]),
            pod(env=[{"name": "B"}, {"name": "A", "value": "1"}]),
            FieldChange("spec.containers[web].env[B]", None, {"name": "B"}),
        ),
        (
            {"kind": "ConfigMap", "data": {"app.conf": "1"}},
            {"kind": "ConfigMap", "data": {}},
            FieldChange('data["app.conf"]', "1", None),
        ),
    ],
)
def test_a_change_has_the_path_of_its_field(old: Any, new: Any, expected: FieldChange) -> None:
    assert changes(old, new) == (expected,)


def test_an_order_that_counts_is_a_change_of_the_list() -> None:
    one, two = {"name": "A"}, {"name": "B"}
    assert changes(pod(env=[one, two]), pod(env=[two, one])) == (
        FieldChange("spec.containers[web].env", ["A", "B"], ["B", "A"]),
    )


def test_what_the_server_keeps_for_itself_is_no_change() -> None:
    old = {"metadata": {"name": "x", "resourceVersion": "1", "generation": 1, "managedFields": []}, "status": {"a": 1}}
    new = {"metadata": {"name": "x", "resourceVersion": "2", "generation": 2, "uid": "u"}, "status": {}}
    assert changes(old, new) == ()


def test_secrets_are_masked() -> None:
    last = {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "geheim", "note": "x"}, "name": "s"}
    old = {**SECRET, "metadata": last, "data": {"same": "Z2VoZWlt", "changed": "Z2VoZWlt", "gone": "Z2VoZWlt"}}
    new = {**SECRET, "metadata": {"name": "s"}, "data": {"same": "Z2VoZWlt", "changed": "YW5kZXJz", "new": "Z2VoZWlt"}}
    found = changes(old, new)
    assert [change.path for change in found] == ["data.changed", "data.gone", "data.new", "metadata.annotations"]
    assert found[0] == FieldChange("data.changed", "*** (before)", "*** (after)")
    assert not any(value in str(found + changes({}, new)) for value in ("geheim", "Z2VoZWlt", "YW5kZXJz"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
bodies = st.fixed_dictionaries({"spec": st.dictionaries(st.sampled_from("abc"), values, max_size=3)})


@given(bodies)
def test_nothing_changes_between_a_body_and_itself(body: dict[str, Any]) -> None:
    assert changes(body, body) == ()


@given(bodies, bodies)
def test_a_change_is_found_from_both_sides(old: dict[str, Any], new: dict[str, Any]) -> None:
    turned = {(change.path, repr(change.new), repr(change.old)) for change in changes(new, old)}
    assert {(change.path, repr(change.old), repr(change.new)) for change in changes(old, new)} == turned
