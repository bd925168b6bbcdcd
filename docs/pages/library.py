"""library.md, from the comments of the macros in templates/_lib and from what their examples render to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from meshctl import templating, yamlio

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "templates" / "_lib"
_HEAD = """\
# The macros

<!-- Written by docs/generate.py from the comments in templates/_lib: change those. -->

`meshctl init` puts these into `templates/_lib/`, where they are yours to change; every template finds them there. A new
service is a line in the config and about ten in `templates/<service>/`:

```jinja
{% import "workload.j2" as workload %}
{{ workload.deployment(service.name, "registry.local/shop:1.0", ports={"http": 8080}, health="/healthz") }}
---
{{ workload.service(service.name, {"http": 80}) }}
```

Several services of one shape need no templates of their own: `template: web` in the config names a folder that they
share, and their `vars` say what is different.
"""
_MACRO = re.compile(r"\{#-\s+(\w+)\(([^)]*)\): (.*?)-#\}\s*\{%- macro \1", re.DOTALL)
_EXAMPLE = re.compile(r"^    (?=\{\{|\{% call).*", re.DOTALL | re.MULTILINE)
_VARIABLES = {"postgres_password": "secret"}  # that examples read


class Macro(NamedTuple):
    name: str
    arguments: str
    text: str
    example: str


def page() -> str:
    files = sorted(LIBRARY.glob("*.j2"))
    return "\n".join([_HEAD, *_contents(files), *(line for file in files for line in _file(file)), ""])


def _contents(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        yield f"- `{file.name}`: {', '.join(f'[{macro.name}](#{file.stem}-{macro.name})' for macro in _macros(file))}"


def _macros(file: Path) -> list[Macro]:
    return [_macro(*found) for found in _MACRO.findall(file.read_text("utf-8"))]


def _macro(name: str, arguments: str, comment: str) -> Macro:
    example = _EXAMPLE.search(comment)
    text = comment[: example.start()] if example else comment
    return Macro(name, arguments, text.rstrip(), _outdented(example[0]) if example else "")


def _outdented(text: str) -> str:
    return re.sub("^    ", "", text.strip("\n").rstrip(), flags=re.MULTILINE)


def _file(file: Path) -> Iterator[str]:
    yield from ("", f"## {file.name}", "", f'`{{% import "{file.name}" as {file.stem} %}}`')
    for macro in _macros(file):
        yield from ("", f"### {file.stem} {macro.name}", "", f"`{file.stem}.{macro.name}({macro.arguments})`", "")
        yield from _described(macro.text)
        if macro.example:
            yield from ("", "```jinja", macro.example, "```", "", "renders to", "")
            yield from ("```yaml", _rendered(macro.example), "```")


def _described(text: str) -> Iterator[str]:
    """The sentences, then what the arguments mean, which is set in columns."""
    paragraphs = re.split(r"\n\s*\n", text)
    first = " ".join(paragraphs[0].split())
    yield first[0].upper() + first[1:]
    for paragraph in paragraphs[1:]:
        yield from ("", "```text", _outdented(paragraph), "```")


def _rendered(example: str) -> str:
    templates = templating.environment(templating.Folders((LIBRARY.parent,), ROOT))
    imports = "".join(f'{{% import "_lib/{file.name}" as {file.stem} %}}' for file in LIBRARY.glob("*.j2"))
    text = templates.from_string(imports + example).render(_VARIABLES)
    return yamlio.dump_all([document.value for document in yamlio.load_all(text, "example")]).rstrip("\n")
