"""config.md, from the schema of the project file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from meshctl import yamlio
from meshctl.config import SCHEMA

_SCHEMA = json.loads(SCHEMA.read_text("utf-8"))
_HEAD = """\
# The project file

<!-- Written by docs/generate.py from meshctl/config/config.schema.json: change that. -->

`configs/<environment>.yaml` says what the services are; `meshctl config schema` prints its JSON Schema for editors,
`meshctl config view` what all layers come to, `meshctl config origins` which line each value comes from.

Layers, the last wins: defaults, what the file `extends`, the file, `configs/<environment>.local.yaml` (not in git),
variables of the environment `MESHCTL_VAR_<name>` (read as YAML), `--set PATH=VALUE` and its kin. Mappings merge, lists
replace; `+key: [...]` appends to the list of the layers below, `-key: [...]` removes from it. A key with nothing behind
is as if it were absent.

Plain scalars are read exactly as Kubernetes reads them: `on` and `y` are true, `017` is 15, `1e3` is 1000, a date is a
text. Those that YAML 1.1 and YAML 1.2 read differently are told as warnings.
"""


def page() -> str:
    return "\n".join([_HEAD, "## Keys", *_keys("", _SCHEMA), "", "## A service", *_service(), ""])


def _service() -> Iterator[str]:
    yield ""
    yield "The settings of one service, below its name in `service`."
    yield from _keys("", _SCHEMA["$defs"]["service"])


def _keys(parent: str, node: dict[str, Any]) -> Iterator[str]:
    for key, child in node.get("properties", {}).items():
        resolved = _resolved(child)
        name = f"{parent}{key}"
        yield from ("", f"### `{name}`", "", resolved["description"])
        yield from _facts(key, resolved)
        yield from _keys(f"{name}.", resolved)


def _facts(key: str, node: dict[str, Any]) -> Iterable[str]:
    default = f"; default: `{json.dumps(node['default'])}`" if "default" in node else ""
    yield from ("", f"{node['title'][0].upper()}{node['title'][1:]}{default}.")
    if "examples" in node:
        examples = (yamlio.dump({key: example}) for example in node["examples"])
        yield from ("", "```yaml", "# or\n".join(examples) + "```")


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    return {**_SCHEMA["$defs"][node["$ref"].rpartition("/")[2]], **node} if "$ref" in node else node
