"""Old manifests in, new ones out: each rule by pairs, and what the rules leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruling import ruled

from meshctl import yamlio
from meshctl.migrate.manifests import manifests

PAIRS: list[dict[str, Any]] = yamlio.load((Path(__file__).parent / "pairs.yaml").read_text(), "pairs.yaml").value


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["title"] for pair in PAIRS])
def test_rules(pair: dict[str, Any]) -> None:
    new, told = ruled(pair["old"])
    assert new == pair["new"]
    assert told == pair["told"]


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["title"] for pair in PAIRS])
def test_what_was_migrated_once_is_left_alone(pair: dict[str, Any]) -> None:
    again, told = ruled(pair["new"])
    assert again == pair["new"]
    assert not [line for line in told if line.split()[1] in ("changed", "added", "removed")]


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["title"] for pair in PAIRS])
def test_what_can_be_read_before_can_be_read_after(pair: dict[str, Any]) -> None:
    assert len(manifests(pair["new"], "new")[1]) == len(manifests(pair["old"], "old")[1])


def test_actions_of_every_kind_keep_a_manifest_readable() -> None:
    text = (
        "{{- $x := .a }}\nkind: {{ .kind }}\nmetadata:\n  name: web-{{ .name }}\n"
        '  {{ if .b }}\n  labels: {a: "{{ .c }}"}\n  {{ end }}\n  {{/* why */}}\n'
        "spec:\n{{ toYaml .spec }}\n  list:\n  {{- range .items }}\n  - {{ . }}\n  {{- end }}\n"
    )
    (manifest,), unread = manifests(text, "a.yaml")
    assert not unread
    assert manifest.get("metadata") == {"name": "web-{{ .name }}", "labels": {"a": "{{ .c }}"}}
    assert manifest.get("spec", "list") == ["{{ . }}"]
