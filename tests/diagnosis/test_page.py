"""The page of codes has those that there are, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from meshctl import yamlio

ROOT = Path(__file__).parents[2]
SOURCE = "\n".join(file.read_text() for file in (ROOT / "meshctl" / "diagnosis").glob("*.py"))
ROWS = dict(re.findall(r"^\| `(\w+)` \| (at [^|]*) \|", (ROOT / "docs" / "failures.md").read_text(), re.MULTILINE))


def test_every_code_of_the_page_is_in_the_code() -> None:
    assert len(ROWS) > 25
    assert not [code for code in ROWS if f'"{code}"' not in SOURCE]


def test_every_code_of_the_code_is_on_the_page() -> None:
    of_calls = re.findall(r'(?:Diagnosis|_End)\(\s*"(\w+)"', SOURCE)
    built = [*of_calls, *re.findall(r'(?:return |re\.compile\(.*\),\s*)"([A-Z]\w+)",', SOURCE)]
    codes = {*built, "RunContainer", "CreateContainer", "VolumeMount"}
    assert codes - {"SubsetMissing"} <= set(ROWS)


def test_what_is_certain_is_said_to_fail_at_once() -> None:
    cases = [document.value for document in yamlio.load_all((Path(__file__).parent / "cases.yaml").read_text(), "")]
    certain = {case["code"] for case in cases if case["certain"]}
    assert certain == {code for code, when in ROWS.items() if when.startswith("at once")} - {"JobFailed"}
