"""Objects and a goal in, what is still missing out."""

from __future__ import annotations

from typing import Any

import pytest

from meshctl.identity import ObjectRef
from meshctl.lifecycle.goals import unmet

Body = dict[str, Any]


def widget(name: str = "w", generation: int = 1, **status: Any) -> Body:
    metadata = {"name": name, "generation": generation}
    return {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": metadata, "status": status}


def up(status: str, kind: str = "Up", **more: Any) -> Body:
    return {"conditions": [{"type": kind, "status": status, **more}]}


OLD = "w: waiting for Up=True: True"
NO_ANSWER = "w: waiting for self.status.size: it gives int, not true or false"  # and not which: it may be a secret
CONFIG: Body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}


def missing(goal: str, *bodies: Body | None) -> list[str]:
    live = {
        ObjectRef.of(body) if body else ObjectRef("v1", "Pod", "dev", f"gone-{number}"): body
        for number, body in enumerate(bodies)
    }
    return [f"{ref.name}: {verdict.message}" for ref, verdict in unmet(goal, live)]


@pytest.mark.parametrize(
    ("goal", "bodies", "expected"),
    [
        ("applied", [None], []),
        ("ready", [CONFIG, widget()], []),
        ("ready", [CONFIG, None], ["gone-1: it does not exist"]),
        ("condition=Up", [CONFIG, widget(**up("True"))], []),
        ("condition=up=true", [CONFIG, widget(**up("True"))], []),
        ("condition=Up=False", [widget(**up("True"))], ["w: waiting for Up=False: True"]),
        ("condition=Up", [widget(**up("False", message="soon"))], ["w: waiting for Up=True: soon"]),
        ("condition=Up", [CONFIG, widget()], ["w: waiting for a condition Up"]),
        ("condition=Up", [widget("a", **up("True")), widget("b", **up("False"))], ["b: waiting for Up=True: False"]),
        ("condition=Up", [widget(generation=2, **up("True", observedGeneration=1))], [OLD]),
        ("condition=Up", [widget(generation=2, observedGeneration="1", **up("True"))], [OLD]),
        ("condition=Up", [], []),
        ("cel=self.status.size > 2", [CONFIG, widget(size=3)], []),
        ("cel=object.status.size > 2", [widget(size=2)], ["w: waiting for object.status.size > 2"]),
        ("cel=self.status.size > 2", [widget("a", size=3), widget(size=1)], ["w: waiting for self.status.size > 2"]),
        (
            "cel=self.status.size > 2",
            [CONFIG, widget()],
            ['w: waiting for self.status.size > 2: Key not found in map: "size"'],
        ),
        ("cel=self.status.size", [widget(size=3)], [NO_ANSWER]),
        ("cel=self.kind != 'Widget' || self.status.size > 2", [CONFIG, widget()], []),
    ],
)  # fmt: skip
def test_what_is_missing(goal: str, bodies: list[Body | None], expected: list[str]) -> None:
    assert missing(goal, *bodies) == expected
