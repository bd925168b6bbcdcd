"""Label selectors are judged as the server judges them."""

from __future__ import annotations

import pytest

from meshctl.cluster import Cluster
from meshctl.errors import Invalid, UsageError
from meshctl.manifest import label_selector

RIGHT = [
    *("app=web", "app==web", "app!=web", "app", "!app", "app in (web)", "app notin (web, db)", "app=", "app in (a,)"),
    *("a=b,c!=d,!e,f in (g,h)", "meshctl.dev/service=web", "replicas>2", "replicas < 3", " app = web ", "a_b.c=1"),
]
WRONG = [
    "=web",
    "app=we b",
    "app in web",
    "app in (web",
    "app=web,",
    ",app",
    "a/b/c=d",
    "App/x",
    "app=-x",
    "app=" + "x" * 64,
    "!",
]


@pytest.mark.parametrize("text", RIGHT)
def test_right_ones_are_sent_as_they_are(text: str) -> None:
    assert label_selector(text) == text.strip()


@pytest.mark.parametrize("text", WRONG)
def test_wrong_ones_are_shown(text: str) -> None:
    with pytest.raises(UsageError, match="is no label selector") as caught:
        label_selector(text)
    assert caught.value.suggestion


def test_where_it_goes_wrong_is_told() -> None:
    with pytest.raises(UsageError, match='from "is x" on'):
        label_selector("app=web,tier is x")


@pytest.mark.parametrize("text", [*RIGHT, *WRONG])
def test_the_server_agrees(cluster: Cluster, text: str) -> None:
    if text in RIGHT:
        cluster.list("v1", "Pod", "default", labels=text)
    else:
        with pytest.raises(Invalid):
            cluster.list("v1", "Pod", "default", labels=text)
