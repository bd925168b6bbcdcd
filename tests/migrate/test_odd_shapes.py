"""Objects of no shape that Istio ever took: nothing is guessed about them, and nothing fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruling import ruled

from meshctl import migrate, yamlio
from meshctl.migrate.manifests import manifests

PAIRS: list[dict[str, Any]] = yamlio.load((Path(__file__).parent / "pairs.yaml").read_text(), "pairs.yaml").value
OBJECTS = [[each.plain(each.node) for each in manifests(pair["old"], "old.yaml")[0]] for pair in PAIRS]
ODD = st.sampled_from(
    [None, 5, 0, True, "", "x", "x: [\ny", "{{ .x }}", [], [None], ["x"], [5], [[]], {}, {"x": "y"}, [{}], [{"x": []}]]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from places(each, (*path, key))


@st.composite
def projects(draw: st.DrawFn) -> str:
    """The objects of a pair, some of their values gone or changed for others, in blocks or in braces."""
    bodies = deepcopy(draw(st.sampled_from(OBJECTS)))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(list(places(bodies))))
        holder = bodies
        for step in path:
            holder = holder[step]
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[last]
        else:
            holder[last] = deepcopy(draw(ODD))
    if draw(st.booleans()):
        return "\n---\n".join(map(json.dumps, bodies)) + "\n"
    return "---\n" + yamlio.dump_all(bodies)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (
            "{peers: [x], targets: 5}",
            "spec.peers[0] is a single value, not a mapping; Policy p: spec.targets is a single value, not a list",
        ),
        ("{targets: '{{ .targets }}'}", "spec.targets is a single value, not a list"),
        ("{peers: [null]}", "spec.peers[0] is empty, not a mapping"),
        ("{peers: &x [{mtls: {}}], origins: *x}", "spec.origins is an alias"),
        ("{origins: [{jwt: {issuer: {}}}]}", "spec.origins[0].jwt.issuer is a mapping, not a single value"),
        ("{targets: [{}]}", "a target without a name"),
        ("[]", "spec is a list, not a mapping"),
    ],
)
def test_what_no_istio_took_stays_as_a_comment_with_the_places(spec: str, reason: str) -> None:
    old = f"apiVersion: authentication.istio.io/v1alpha1\nkind: Policy\nmetadata: {{name: p}}\nspec: {spec}\n"
    new, told = ruled(old)
    assert told == ["1 refused M12: Policy p was not carried over"]
    note, _, rest = new.partition("\n")
    assert note.startswith("# meshctl migrate: M12: ")
    assert note.endswith(reason)
    assert rest == "".join(f"# {line}\n" for line in old.splitlines())


DENIAL = """\
{{apiVersion: config.istio.io/v1alpha2, kind: handler, metadata: {{name: h}}, spec: {handler}}}
---
{{apiVersion: config.istio.io/v1alpha2, kind: rule, metadata: {{name: r}}, spec: {{actions: [{{handler: h}}]}}}}
"""


@pytest.mark.parametrize("handler", ["{compiledAdapter: denier, params: [x]}", "{compiledAdapter: [denier]}", "5"])
def test_a_denial_whose_handler_cannot_be_read_is_no_telemetry(handler: str) -> None:
    new, told = ruled(DENIAL.format(handler=handler))
    assert told == ["3 refused M9: rule r was not carried over"]
    assert not yamlio.load_all(new, "new.yaml")
    assert f"spec: {handler}" in new


BINDING = """\
{{apiVersion: rbac.istio.io/v1alpha1, kind: ServiceRole, metadata: {{name: a}}, spec: {{rules: [{rule}]}}}}
---
apiVersion: rbac.istio.io/v1alpha1
kind: ServiceRoleBinding
metadata: {{name: b}}
spec: {{subjects: [{subject}], roleRef: {{name: a}}}}
"""


@pytest.mark.parametrize(
    ("rule", "subject", "reason"),
    [
        ("{services: ['*']}", "{group: admins}", "subjects by group"),
        ("{services: ['*'], audiences: [a]}", "{user: '*'}", "access by audiences"),
        ("{services: 5}", "{user: '*'}", "ServiceRole a: spec.rules[0].services is a single value, not a list"),
    ],
)
def test_nobody_is_allowed_more_than_before(rule: str, subject: str, reason: str) -> None:
    new, told = ruled(BINDING.format(rule=rule, subject=subject))
    assert told == ["1 refused M12: ServiceRole a", "3 refused M12: ServiceRoleBinding b was not carried over"]
    assert f"# meshctl migrate: M12: {reason}\n" in new


@settings(max_examples=200)
@given(projects())
def test_any_shape_is_migrated_or_left(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "all.yaml").write_text(text)
    (file,) = migrate.migrate(folder).files
    yamlio.load_all(file.new, file.target)
