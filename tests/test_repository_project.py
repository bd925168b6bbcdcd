"""The repository's own project: a trading application that shows each feature of the mesh where it belongs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from meshctl.config import Config, find_project, load
from meshctl.manifest import Bundle, pod_template
from meshctl.plan import Selection, select
from meshctl.render import output_files, render

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests/golden/repository"
PROTOCOLS = {"http", "http2", "https", "grpc", "tcp", "tls", "mongo", "mysql", "redis", "udp"}
DATABASES = ("postgres", "scylla")


def loaded(environment: str = "dev") -> Config:
    project = find_project(directory=ROOT, environment=environment, file=None, environ={}, cwd=ROOT)
    return load(project, environ={}, namespace="golden", cwd=ROOT)


def rendered(environment: str = "dev") -> Bundle:
    plan = select(loaded(environment), Selection(all=True), closure=True)
    return render(plan, environ={}, cache=None)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return rendered()


def bodies(bundle: Bundle, kind: str) -> list[Mapping[str, Any]]:
    return [manifest.body for manifest in bundle if manifest.ref.kind == kind]


def test_groups_and_tiers_are_as_the_application_has_them() -> None:
    config = loaded()
    assert set(config.services) == {
        *("benvoy", "website", "postgres", "scylla", "trade-bus", "trade-server", "me", "command-bus")
    }
    assert config.must_deps == config.high == DATABASES
    assert set(config.groups["web"].services) == set(config.services)
    assert [name for name, service in config.services.items() if not service.inject] == ["postgres", "command-bus"]


def test_the_trade_group_starts_after_what_it_needs() -> None:
    plan = select(loaded(), Selection(groups=("trade",)), closure=True)
    assert set(plan.services) == {*DATABASES, "command-bus", "trade-bus", "me", "trade-server"}
    assert plan.services.index("me") < plan.services.index("trade-server")


def test_the_manifests_are_the_golden_ones(bundle: Bundle) -> None:
    files = output_files(bundle)
    if os.environ.get("UPDATE_GOLDEN"):
        for file, text in files.items():
            (GOLDEN / file).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / file).write_text(text)
    stored = {file.relative_to(GOLDEN).as_posix(): file.read_text() for file in GOLDEN.rglob("*.yaml")}
    assert files == stored


FEATURES = {
    "uri prefix": ("VirtualService", "http.match.uri.prefix"),
    "uri regex": ("VirtualService", "http.match.uri.regex"),
    "header": ("VirtualService", "http.match.headers.x-beta.exact"),
    "header regex": ("VirtualService", "http.match.headers.cookie.regex"),
    "weights": ("VirtualService", "http.route.weight"),
    "mirror": ("VirtualService", "http.mirrors.percentage.value"),
    "timeout": ("VirtualService", "http.timeout"),
    "retries": ("VirtualService", "http.retries.perTryTimeout"),
    "rewrite": ("VirtualService", "http.rewrite.uri"),
    "redirect": ("VirtualService", "http.redirect.uri"),
    "fault delay": ("VirtualService", "http.fault.delay.percentage.value"),
    "fault abort": ("VirtualService", "http.fault.abort.percentage.value"),
    "subsets": ("DestinationRule", "subsets.labels.version"),
    "circuit breaking by connections": ("DestinationRule", "trafficPolicy.connectionPool.tcp.maxConnections"),
    "circuit breaking by errors": ("DestinationRule", "trafficPolicy.outlierDetection.consecutiveGatewayErrors"),
    "affinity by cookie": ("DestinationRule", "trafficPolicy.loadBalancer.consistentHash.httpCookie.name"),
    "affinity by header": ("DestinationRule", "trafficPolicy.loadBalancer.consistentHash.httpHeaderName"),
    "egress": ("ServiceEntry", "hosts"),
    "ingress": ("Gateway", "servers.hosts"),
    "sidecar scope": ("Sidecar", "egress.hosts"),
    "lua": ("EnvoyFilter", "configPatches.patch.value.typed_config.default_source_code.inline_string"),
    "local rate limit": ("EnvoyFilter", "configPatches.patch.value.typed_config.token_bucket.max_tokens"),
    "denial": ("AuthorizationPolicy", "rules.to.operation.paths"),
    "header attribute": ("AuthorizationPolicy", "rules.when.key"),
    "IP list": ("AuthorizationPolicy", "rules.from.source.notRemoteIpBlocks"),
    "trace sampling": ("Telemetry", "tracing.randomSamplingPercentage"),
    "access logs": ("Telemetry", "accessLogging.filter.expression"),
}


def values(value: Any, keys: list[str]) -> Iterator[Any]:
    """Every value at a path of keys; lists on the way are walked through."""
    if isinstance(value, list):
        for item in value:
            yield from values(item, keys)
    elif not keys:
        yield value
    elif isinstance(value, Mapping) and keys[0] in value:
        yield from values(value[keys[0]], keys[1:])


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_of_the_mesh_is_shown(bundle: Bundle, feature: str) -> None:
    kind, path = FEATURES[feature]
    assert [value for body in bodies(bundle, kind) for value in values(body["spec"], path.split("."))]


def test_databases_have_volumes_and_keep_their_passwords_in_secrets(bundle: Bundle) -> None:
    assert {body["metadata"]["name"] for body in bodies(bundle, "StatefulSet")} == set(DATABASES)
    assert all(body["spec"]["volumeClaimTemplates"] for body in bodies(bundle, "StatefulSet"))
    passwords = {key for body in bodies(bundle, "Secret") for key in body["data"] if key.endswith("_PASSWORD")}
    assert passwords == {"POSTGRES_PASSWORD", "SCYLLA_PASSWORD"}


def test_every_container_has_a_tag_probes_and_resources(bundle: Bundle) -> None:
    pods = [template for manifest in bundle if (template := pod_template(manifest.body))]
    containers = [container for pod in pods for container in pod["spec"]["containers"]]
    assert len(containers) == 10
    for container in containers:
        assert ":" in container["image"].rpartition("/")[2]
        assert {"readinessProbe", "livenessProbe", "resources"} <= set(container)


def test_pods_of_skipped_services_get_no_sidecar(bundle: Bundle) -> None:
    skipped = {
        manifest.service
        for manifest in bundle
        if (pod := pod_template(manifest.body)) and pod["metadata"]["labels"].get("sidecar.istio.io/inject") == "false"
    }
    assert skipped == {"postgres", "command-bus"}


def test_subsets_that_rules_name_exist_and_select_pods(bundle: Bundle) -> None:
    subsets = {
        (body["spec"]["host"], subset["name"]): subset["labels"]
        for body in bodies(bundle, "DestinationRule")
        for subset in body["spec"].get("subsets", [])
    }
    pods = [template["metadata"]["labels"] for manifest in bundle if (template := pod_template(manifest.body))]
    for (host, _), labels in subsets.items():
        assert any((labels | {"app": host}).items() <= pod.items() for pod in pods)
    assert {key for key in destinations(bundle) if key[1]} <= set(subsets)


def destinations(bundle: Bundle) -> set[tuple[str, str]]:
    """(host, subset) of every route and mirror; the subset may be empty."""
    rules = [rule for body in bodies(bundle, "VirtualService") for rule in body["spec"]["http"]]
    targets = [target["destination"] for rule in rules for target in (*rule.get("route", []), *rule.get("mirrors", []))]
    return {(target["host"], target.get("subset", "")) for target in targets}


def test_routes_lead_to_services_of_one_port_and_weights_make_100(bundle: Bundle) -> None:
    ports = {body["metadata"]["name"]: len(body["spec"]["ports"]) for body in bodies(bundle, "Service")}
    assert {ports.get(host) for host, _ in destinations(bundle)} == {1}
    for body in bodies(bundle, "VirtualService"):
        for rule in body["spec"]["http"]:
            assert sum(target.get("weight", 100) for target in rule.get("route", [])) in {0, 100}


def test_the_rule_without_a_match_is_the_last_one(bundle: Bundle) -> None:
    for body in bodies(bundle, "VirtualService"):
        assert ["match" in rule for rule in body["spec"]["http"]].count(False) == 1
        assert "match" not in body["spec"]["http"][-1]


def test_no_policy_is_lost_to_a_second_object_for_the_same(bundle: Bundle) -> None:
    hosts = Counter(body["spec"]["host"] for body in bodies(bundle, "DestinationRule"))
    meshed = Counter(host for body in bodies(bundle, "VirtualService") for host in body["spec"]["hosts"])
    assert set(hosts.values()) == set(meshed.values()) == {1}
    for kind in ("Sidecar", "Telemetry"):
        assert ["selector" in body["spec"] for body in bodies(bundle, kind)] == [False]


def test_policies_and_filters_select_pods_that_have_a_sidecar(bundle: Bundle) -> None:
    injected = {
        template["metadata"]["labels"]["app"]
        for manifest in bundle
        if (template := pod_template(manifest.body))
        and template["metadata"]["labels"].get("sidecar.istio.io/inject") != "false"
    }
    policies = [body["spec"]["selector"]["matchLabels"] for body in bodies(bundle, "AuthorizationPolicy")]
    filters = [body["spec"]["workloadSelector"]["labels"] for body in bodies(bundle, "EnvoyFilter")]
    assert {labels["app"] for labels in (*policies, *filters)} <= injected


def test_ports_are_named_by_their_protocol(bundle: Bundle) -> None:
    names = {port["name"] for body in bodies(bundle, "Service") for port in body["spec"]["ports"]}
    assert {name.partition("-")[0] for name in names} <= PROTOCOLS


def test_staging_has_two_of_each_service_and_no_chaos() -> None:
    staging = rendered("staging")
    assert {body["spec"]["replicas"] for body in bodies(staging, "Deployment")} == {1, 2}
    assert not [
        value for body in bodies(staging, "VirtualService") for value in values(body["spec"], ["http", "fault"])
    ]


def test_it_starts_and_kubectl_finds_nothing_to_change(sandbox_kubeconfig: Path, unused_namespace: str) -> None:
    arguments = ["--namespace", unused_namespace, "--kubeconfig", str(sandbox_kubeconfig)]
    assert meshctl("start", "--all", *arguments).returncode == 0
    manifests = meshctl("gen", "--all", "--stdout", *arguments).stdout
    kubectl = ["kubectl", "diff", "--server-side", "--field-manager=meshctl", "-f", "-"]
    agreed = subprocess.run([*kubectl, *arguments], input=manifests, capture_output=True, text=True, check=False)
    assert (agreed.returncode, agreed.stdout, agreed.stderr) == (0, "", "")


def meshctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "meshctl", "--directory", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
