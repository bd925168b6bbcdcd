"""Commands on a real API server, from start to stop."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import yaml
from calling import Meshctl, events

Kubectl = Callable[..., str]


def test_a_day_with_two_services(on_cluster: Meshctl, unused_namespace: str, kubectl: Kubectl) -> None:
    """Start, look, change, stop, in one story: each step stands on the one before."""
    assert on_cluster("diff").code == 1
    started = on_cluster("start")
    assert started.code == 0
    assert re.fullmatch(rf"→ context \S+ · namespace {unused_namespace}\n", started.err)
    assert re.search(r"^ *[\d.]+s  cache  deployment\.apps/cache created$", started.out, re.MULTILINE)
    assert started.out.index("cache  ready 1/1") < started.out.index("deployment.apps/web created")
    assert started.out.splitlines()[-1].startswith("start done: 2 ready, ")

    again = events(on_cluster("start", "-o", "json"))
    assert (again[0]["type"], again[-1]["type"], again[-1]["exit"]) == ("planned", "finished", 0)
    assert {event["type"] for event in again} <= {"planned", "unchanged", "waiting", "ready", "finished"}
    assert sum(event["type"] == "unchanged" for event in again) == 6

    assert on_cluster("diff") == (0, "no changes\n", started.err)
    changed = on_cluster("diff", "web", "--no-needs", "--set", "vars.tag=v2", "-o", "json")
    document = json.loads(changed.out)
    assert (changed.code, document["meshctl"]) == (1, 1)
    image = next(each for each in document["changes"] if each["object"]["kind"] == "Deployment")
    assert image["object"]["name"] == "web"
    assert image["op"] == "update"
    assert {
        "path": "spec.template.spec.containers[main].image",
        "old": "registry.local/web:v1",
        "new": "registry.local/web:v2",
    } in image["fields"]

    restarted = events(on_cluster("restart", "web", "-o", "json"))
    assert [event["operation"] for event in restarted if event["type"] == "applied"] == ["restarted"]
    assert on_cluster("diff", "-q") == (0, "no changes\n", "")

    reloaded = events(on_cluster("reload", "--set", "vars.tag=v3", "-o", "json"))
    assert {event["object"]["kind"] for event in reloaded if event["type"] == "applied"} >= {"ConfigMap"}
    assert (
        kubectl("-n", unused_namespace, "get", "deployment/web", "-o", "jsonpath={..image}") == "registry.local/web:v1"
    )

    refused = on_cluster("stop", "cache")
    assert refused.code == 3
    assert "web" in refused.out + refused.err
    assert on_cluster("stop", "cache", "--with-dependents", "-q").code == 0
    assert kubectl("-n", unused_namespace, "get", "deployments,services", "-o", "name") == ""
    assert on_cluster("stop", "--all", "-o", "json").code == 0


def test_what_runs_is_shown_in_every_form(on_cluster: Meshctl) -> None:
    assert on_cluster("start", "-q").code == 0
    status = json.loads(on_cluster("status", "-o", "json").out)
    assert status["meshctl"] == 1
    assert [set(row) for row in status["services"]] == [
        {"name", "tier", "state", "ready", "wanted", "images", "age", "drift", "reason"}
    ] * 2
    assert [(row["name"], row["state"], row["ready"], row["wanted"], row["drift"]) for row in status["services"]] == [
        ("cache", "ready", 1, 1, False),
        ("web", "ready", 1, 1, False),
    ]
    drifted = json.loads(on_cluster("status", "web", "--set", "vars.tag=v2", "-o", "json").out)
    assert [(row["name"], row["drift"]) for row in drifted["services"]] == [("web", True)]
    assert json.loads(on_cluster("ps", "--no-drift", "-o", "json").out)["services"][0]["drift"] is None

    pods = json.loads(on_cluster("pods", "-o", "json").out)["pods"]
    selected = json.loads(on_cluster("pods", "-l", "app in (cache)", "-o", "json").out)["pods"]
    assert [row["service"] for row in selected] == ["cache"]
    assert on_cluster("services", "-l", "!meshctl.dev/service", "-o", "name").out == ""
    assert on_cluster("ports", "-l", "app=", "-o", "json").out.count('"port":') == 0
    assert [set(row) for row in pods] == [{"name", "service", "phase", "ready", "restarts", "node", "reason"}] * 2
    assert [(row["service"], row["phase"], row["ready"]) for row in pods] == [
        ("cache", "Running", "1/1"),
        ("web", "Running", "1/1"),
    ]
    assert yaml.safe_load(on_cluster("pods", "-o", "yaml").out)["pods"] == pods
    assert on_cluster("pods", "web", "-o", "name").out == f"pod/{pods[1]['name']}\n"
    table = on_cluster("pods", "web").out.splitlines()
    assert table[0].split() == ["SERVICE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert table[1].split()[:4] == ["web", pods[1]["name"], "1/1", "Running"]

    services = on_cluster("svc", "web").out.splitlines()
    assert services[1].split()[:3] == ["web", "web", "ClusterIP"]
    forward = on_cluster("ports", "web").out.splitlines()[1]
    assert "kubectl --kubeconfig " in forward
    assert forward.endswith("svc/web 8080:80")


def test_logs_of_services_as_one_stream(on_cluster: Meshctl) -> None:
    assert on_cluster("start", "-q").code == 0
    code, out, _ = on_cluster("logs", "--tail", "1")
    assert code == 0
    assert {line.split("-")[0] for line in out.splitlines()} == {"cache", "web"}
    assert all(line.split()[1] == "main" for line in out.splitlines())
    line = json.loads(on_cluster("logs", "web", "--tail", "1", "-o", "json").out)
    assert set(line) == {"meshctl", "time", "namespace", "service", "pod", "container", "message"}
    assert on_cluster("logs", "web", "--tail", "1", "-o", "raw").out == line["message"] + "\n"
    templated = on_cluster("log", "web", "--tail", "1", "--template", "{{ service }}/{{ container }}: {{ message }}")
    assert templated.out == f"web/main: {line['message']}\n"
    assert line["time"] in on_cluster("logs", "web", "--tail", "1", "-t").out
    assert on_cluster("logs", "web", "-e", ".").out == ""
    assert on_cluster("logs", "-l", "app=web", "--tail", "1", "-o", "raw").out == line["message"] + "\n"
    assert on_cluster("logs", "-l", "app in web").code == 2
    assert on_cluster("logs", "web", "-i", "(").code == 2


def test_a_service_that_fails_is_explained_and_blocks_its_dependants(on_cluster: Meshctl) -> None:
    failing = ("--set", "service.cache.vars.fail=ImagePullBackOff")
    code, out, _ = on_cluster("start", *failing)
    assert code == 1
    explained = out[out.index("FAILED") :]
    assert explained.startswith("FAILED cache: ImagePull\n")
    assert "  | " in explained
    assert "  next: " in explained
    assert "BLOCKED\n  web by cache\n" in explained
    shown = events(on_cluster("start", *failing, "-o", "json"))
    failed = next(event for event in shown if event["type"] == "failed")
    assert set(failed) >= {"meshctl", "time", "type", "service", "object", "code", "message", "evidence", "suggestion"}
    assert next(event for event in shown if event["type"] == "blocked")["by"] == ["cache"]
    assert shown[-1]["exit"] == 1
    row = json.loads(on_cluster("status", "cache", "-o", "json").out)["services"][0]
    assert row["state"] == "failed"
    assert row["reason"].startswith("ImagePull: ")


def test_a_dry_run_of_the_server_stores_nothing(on_cluster: Meshctl, unused_namespace: str, kubectl: Kubectl) -> None:
    shown = events(on_cluster("start", "--dry-run", "server", "-o", "json"))
    assert shown[-1]["exit"] == 0
    assert all(event["dry_run"] for event in shown if event["type"] == "applied")
    assert kubectl("get", "namespace", unused_namespace, "--ignore-not-found") == ""


@pytest.mark.parametrize("namespace", ["default", "kube-system", "istio-system"])
def test_nobodys_own_namespace_is_refused(on_cluster: Meshctl, namespace: str) -> None:
    assert on_cluster("start", "-n", namespace).code == 3
    assert on_cluster("diff", "-n", namespace).code == 3


def test_a_refusal_is_part_of_the_stream(on_cluster: Meshctl) -> None:
    shown = events(on_cluster("start", "-n", "default", "-o", "json"))
    assert [event["type"] for event in shown] == ["planned", "error", "finished"]
    assert (shown[1]["code"], shown[2]["exit"]) == ("GuardedNamespace", 3)


@pytest.mark.usefixtures("sandbox_kubeconfig")
def test_the_sandbox_says_how_it_is(meshctl: Meshctl) -> None:
    status = json.loads(meshctl("sandbox", "status", "--name", "tests", "-o", "json").out)
    assert set(status) >= {"running", "kubeconfig", "context", "server", "version", "programs"}
    assert status["running"] is True
    assert set(status["programs"].values()) == {"running"}
    told = meshctl("sandbox", "status", "--name", "tests").out
    assert told.startswith("sandbox tests is running\n")
    assert re.search(r"^etcd +running +\d+ +\d+Mi$", told, re.MULTILINE)
    lines = meshctl("sandbox", "logs", "--name", "tests", "etcd", "--tail", "2").out.splitlines()
    assert len(lines) == 2
    assert meshctl("sandbox", "logs", "kube-apisrver").code == 2
    again = meshctl("sandbox", "up", "--name", "tests", "-o", "json", "-q")
    assert (again.code, json.loads(again.out)["running"]) == (0, True)


def test_a_sandbox_that_does_not_run_is_no_error(meshctl: Meshctl) -> None:
    code, out, _ = meshctl("sandbox", "status", "--name", "none-of-this-name")
    assert (code, out.splitlines()[0]) == (0, "sandbox none-of-this-name does not run")


def test_an_unknown_context_names_the_nearest(on_cluster: Meshctl) -> None:
    code, _, err = on_cluster("pods", "--context", "meshctl-sandbox-test")
    assert code == 2
    assert "did you mean meshctl-sandbox-tests?" in err


def test_what_was_run_and_the_way_back(on_cluster: Meshctl, unused_namespace: str, kubectl: Kubectl) -> None:
    assert on_cluster("history").out.split() == ["REVISION", "AGE", "ACTION", "RESULT", "SERVICES", "BY", "COMMAND"]
    assert on_cluster("rollback").code == 1
    assert on_cluster("start", "-q", "--ttl", "1s").code == 0
    assert on_cluster("start", "web", "-q", "--set", "vars.tag=v2").code == 0
    document = json.loads(on_cluster("history", "-o", "json").out)
    assert [(run["revision"], run["command"], run["result"]) for run in document["runs"]] == [
        (2, "start web -q --set vars.tag=…", "done"),
        (1, "start -q --ttl 1s", "done"),
    ]
    assert yaml.safe_load(on_cluster("history", "1", "-o", "yaml").out)["manifests"].keys() == {"cache", "web"}
    assert "  web  deployment.apps/web" in on_cluster("history", "1").out.splitlines()
    back = events(on_cluster("rollback", "-o", "json"))
    assert (back[0]["action"], back[-1]["exit"]) == ("rollback", 0)
    image = kubectl("-n", unused_namespace, "get", "deployment/web", "-o", "jsonpath={..image}")
    assert image == "registry.local/web:v1"
    assert on_cluster("rollback", "9").code == 1

    rows = json.loads(on_cluster("namespace", "list", "--project", "shop", "-o", "json").out)["namespaces"]
    row = next(each for each in rows if each["name"] == unused_namespace)
    assert set(row) == {"name", "project", "owner", "phase", "services", "age", "expires", "expired"}
    assert (row["project"], row["services"], row["expired"]) == ("shop", 2, True)
    code, _, err = on_cluster("namespace", "gc")
    assert (code, "nobody can be asked" in err) == (3, True)
    assert f"namespace/{unused_namespace} deleted (dry run)" in on_cluster("namespace", "gc", "--dry-run").out
