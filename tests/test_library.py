"""The macros of templates/_lib: what their comments say is what they do."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes

from meshctl import yamlio
from meshctl.config import find_project, load
from meshctl.errors import TemplateError
from meshctl.plan import Selection, select
from meshctl.render import render

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "templates/_lib"
COMMENT = re.compile(r"\{#-\s+(\w+)\(([^)]*)\): (.*?)-#\}\s*\{%- macro (\w+)", re.DOTALL)
EXAMPLE = re.compile(r"^    (?=\{\{|\{% call).*", re.DOTALL | re.MULTILINE)
VARIABLES = {"postgres_password": "secret"}


@dataclass(frozen=True)
class Macro:
    module: str
    name: str
    arguments: tuple[str, ...]
    documented: tuple[str, ...]
    comment: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def read_macros() -> Iterator[Macro]:
    for file in sorted(LIBRARY.glob("*.j2")):
        text = file.read_text()
        comments = {
            name: (arguments, comment) for name, arguments, comment, same in COMMENT.findall(text) if name == same
        }
        for macro in Environment().parse(text).find_all(nodes.Macro):  # noqa: S701 - only parsed
            arguments, comment = comments.get(macro.name, ("", ""))
            documented = tuple(name for name in arguments.split(", ") if name and "…" not in name)
            yield Macro(file.stem, macro.name, tuple(argument.name for argument in macro.args), documented, comment)


MACROS = list(read_macros())


def examples() -> list[tuple[Macro, str]]:
    found = ((macro, EXAMPLE.search(macro.comment)) for macro in MACROS)
    return [(macro, re.sub("^    ", "", example[0], flags=re.MULTILINE)) for macro, example in found if example]


def objects(template: str, project: Path, namespace: str = "test") -> list[Mapping[str, Any]]:
    """What a service of that one template is made of."""
    imports = "".join(f'{{% import "{file.name}" as {file.stem} %}}' for file in LIBRARY.glob("*.j2"))
    shutil.copytree(LIBRARY, project / "templates/_lib", dirs_exist_ok=True)
    (project / "templates/test").mkdir(exist_ok=True)
    (project / "templates/test/test.yaml").write_text(imports + template)
    (project / "configs").mkdir(exist_ok=True)
    (project / "configs/dev.yaml").write_text(yamlio.dump({"service": ["test"], "vars": VARIABLES}))
    found = find_project(directory=project, environment="dev", file=None, environ={}, cwd=project)
    config = load(found, environ={}, namespace=namespace, cwd=project)
    bundle = render(select(config, Selection(all=True), closure=True), environ={}, cache=None)
    return [manifest.body for manifest in bundle]


def only(template: str, project: Path) -> Mapping[str, Any]:
    (found,) = objects(template, project)
    return found


@pytest.mark.parametrize("macro", MACROS, ids=str)
def test_a_macro_says_what_it_takes(macro: Macro) -> None:
    first = len(macro.documented)
    assert macro.documented
    assert macro.documented == macro.arguments[:first]
    assert [
        name for name in macro.arguments[first:] if not re.search(rf"^    .*\b{name}\b", macro.comment, re.MULTILINE)
    ] == []


def test_every_macro_for_an_object_has_an_example() -> None:
    inside_of_others = {"pod", "probe", "text", "inbound", "destination", "to", "split"}
    assert {macro.name for macro, _ in examples()} == {macro.name for macro in MACROS} - inside_of_others


@pytest.mark.parametrize(("macro", "example"), examples(), ids=str)
def test_an_example_is_one_object(macro: Macro, example: str, tmp_path: Path) -> None:
    body = only(example, tmp_path)
    assert body["kind"].lower().removesuffix("policy") in {macro.name, "configmap", "envoyfilter"}


def test_the_server_takes_all_examples(tmp_path: Path, sandbox_kubeconfig: Path, namespace: str) -> None:
    """But for the kinds of the Gateway API, which the sandbox has not."""
    everything = [body for _, example in examples() for body in objects(example, tmp_path, namespace)]
    bodies = [body for body in everything if body["kind"] != "HTTPRoute"]
    apply = ["kubectl", "apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", "-"]
    where = ["--kubeconfig", str(sandbox_kubeconfig), "--namespace", namespace]
    applied = subprocess.run(
        [*apply, *where], input=yamlio.dump_all(bodies), capture_output=True, text=True, check=False
    )
    assert (applied.returncode, applied.stderr) == (0, "")
    assert len(applied.stdout.splitlines()) == len(bodies)


@pytest.mark.parametrize(
    ("arguments", "parent", "backends"),
    [
        ('parent="edge/public"', {"namespace": "edge", "name": "public"}, [("shop", 1)]),
        ('parent="public"', {"name": "public"}, [("shop", 1)]),
        (
            'weights={"a": 9, "b": 1}',
            {"group": "", "kind": "Service", "name": "shop", "port": 80},
            [("a", 9), ("b", 1)],
        ),
    ],
)
def test_a_route_belongs_to_a_gateway_or_to_a_service(
    arguments: str, parent: dict[str, Any], backends: list[tuple[str, int]], tmp_path: Path
) -> None:
    spec = only(f'{{{{ mesh.httproute("shop", {arguments}) }}}}', tmp_path)["spec"]
    assert spec["parentRefs"] == [parent]
    assert [(each["name"], each["weight"]) for each in spec["rules"][0]["backendRefs"]] == backends


def test_an_argument_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="colour"):
        objects('{{ workload.deployment("shop", "shop:1", colour="red") }}', tmp_path)


def test_versions_of_one_application_are_apart_for_their_deployments_and_together_for_their_service(
    tmp_path: Path,
) -> None:
    template = """{{ workload.deployment("shop-v2", "shop:2", app="shop", version="v2", ports={"http": 8080}) }}
---
{{ workload.service("shop", {"http": 80}) }}"""
    deployment, service = objects(template, tmp_path)
    labels = deployment["spec"]["selector"]["matchLabels"]
    assert labels == {"app": "shop", "version": "v2"}
    assert labels.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert service["spec"]["selector"] == {"app": "shop"}


@pytest.mark.parametrize(
    ("health", "probe"),
    [
        ("", {"tcpSocket": {"port": "http"}}),
        ("/healthz", {"httpGet": {"path": "/healthz", "port": "http"}}),
        ("grpc", {"grpc": {"port": 8080}}),
    ],
)
def test_the_first_port_is_probed(health: str, probe: dict[str, Any], tmp_path: Path) -> None:
    call = f'{{{{ workload.deployment("shop", "shop:1", ports={{"http": 8080, "tcp": 9}}, health="{health}") }}}}'
    (container,) = only(call, tmp_path)["spec"]["template"]["spec"]["containers"]
    assert probe.items() <= container["readinessProbe"].items()
    assert probe.items() <= container["livenessProbe"].items()


def test_what_is_not_given_is_left_out(tmp_path: Path) -> None:
    pod = only('{{ workload.deployment("shop", "shop:1") }}', tmp_path)["spec"]["template"]["spec"]
    assert set(pod) == {"containers"}
    assert set(pod["containers"][0]) == {"name", "image", "resources", "securityContext"}
    assert only('{{ mesh.destinationrule("shop") }}', tmp_path)["spec"] == {"host": "shop"}


def test_a_value_is_written_as_the_text_that_it_is(tmp_path: Path) -> None:
    call = '{{ workload.deployment("on", "shop:1", version="1e3", env={"FLAG": true, "TEXT": "a: \\"b\\"\\n# c"}) }}'
    body = only(call, tmp_path)
    assert body["metadata"]["name"] == "on"
    assert {"app": "on", "version": "1e3"}.items() <= body["metadata"]["labels"].items()
    variables = body["spec"]["template"]["spec"]["containers"][0]["env"]
    assert variables == [{"name": "FLAG", "value": "true"}, {"name": "TEXT", "value": 'a: "b"\n# c'}]


def test_a_certificate_sends_http_to_https(tmp_path: Path) -> None:
    servers = only('{{ mesh.gateway("shop", ["shop.example.com"], certificate="tls") }}', tmp_path)["spec"]["servers"]
    assert [server["port"]["number"] for server in servers] == [80, 443]
    assert servers[0]["tls"] == {"httpsRedirect": True}
    assert servers[1]["tls"] == {"mode": "SIMPLE", "credentialName": "tls"}


def test_an_autoscaler_has_the_replicas_to_itself(tmp_path: Path) -> None:
    template = """{{ workload.deployment("shop", "shop:1", replicas=none, account="shop") }}
---
{{ workload.horizontalpodautoscaler("shop", most=5, least=2) }}"""
    deployment, autoscaler = objects(template, tmp_path)
    assert "replicas" not in deployment["spec"]
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == "shop"
    target = autoscaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (deployment["kind"], deployment["metadata"]["name"])
