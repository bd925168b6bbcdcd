"""Values of Secrets in what servers say."""

from __future__ import annotations

import base64
import json

import pytest
from faults import FaultyProxy, answer
from hypothesis import given, settings
from hypothesis import strategies as st

from meshctl.cluster import Cluster
from meshctl.errors import ClusterError, Invalid
from meshctl.manifest.secrecy import mask, masked


def secret(**strings: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": strings}


@settings(max_examples=60)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="<>*"), min_size=4),
    st.sampled_from(["plain", "quoted", "base64"]),
)
def test_no_value_is_left_in_whatever_form_it_is_quoted(value: str, form: str) -> None:
    forms = {
        "plain": value,
        "quoted": json.dumps(value, ensure_ascii=False)[1:-1],
        "base64": base64.b64encode(value.encode()).decode(),
    }
    said = json.dumps({"message": f"<<{forms[form]}>>", "details": {"causes": [{"message": forms[form]}]}}).encode()
    told = masked(said, secret(password=value)).decode()
    assert json.dumps(forms[form])[1:-1] not in told


@pytest.mark.parametrize(
    ("value", "said", "told"),
    [
        (1, "port 8081 and 1 more", "port 8081 and *** more"),
        (True, "got true", "got ***"),
        ("ab", "a table of ab", "a table of ***"),
        ("", "nothing", "nothing"),
        (["hidden-one"], "Value:[hidden-one]", "Value:[***]"),
        ("first line\nsecond line", "at second line", "at ***"),
        (None, "null", "null"),
    ],
)
def test_short_values_only_where_they_stand_alone(value: object, said: str, told: str) -> None:
    assert mask(said, secret(password=value)) == told


def test_data_is_masked_as_it_is_and_decoded() -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "data": {"a": base64.b64encode(b"swordfish").decode()}}
    assert mask("swordfish c3dvcmRmaXNo", body) == "*** ***"


def test_other_kinds_are_left_alone() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "value"}}
    assert masked(b"value", body) == b"value"


def test_a_number_where_the_server_wants_a_text(cluster: Cluster, namespace: str) -> None:
    body = {**secret(password=31415926535), "metadata": {"name": "s", "namespace": namespace}}
    with pytest.raises(ClusterError) as caught:
        cluster.apply(body)
    assert "stringData.password" in caught.value.message
    assert "31415926535" not in f"{caught.value}{caught.value.details}"


def test_an_answer_that_is_no_status(faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
    proxy.inject(answer(400, body=b"cannot parse: swordfish"), on="PATCH")
    body = {**secret(password="swordfish"), "metadata": {"name": "s", "namespace": namespace}}  # noqa: S106 not one
    with pytest.raises(Invalid) as caught:
        faulty.apply(body)
    assert caught.value.message.endswith("cannot parse: ***")
