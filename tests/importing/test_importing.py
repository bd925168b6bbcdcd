"""Manifests in, a project out: what goes together, who needs whom, and that gen gives everything back."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importer import essence, generated, imported, needs_of, objects_of, stream

from meshctl import importing, templating, yamlio
from meshctl.errors import MeshctlError
from meshctl.importing.project import escaped

DATA = Path(os.environ.get("MESHCTL_TEST_DATA", Path(__file__).parents[3] / "shared/data")) / "online-boutique"


def workload(name: str, *, env: str = "", labels: str = "", args: str = "[]", extra: str = "") -> str:
    return dedent(f"""\
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: {name}}}
        spec:
          selector: {{matchLabels: {{app: {name}}}}}
          template:
            metadata: {{labels: {{app: {name}, {labels}}}}}
            spec:
              containers: [{{name: main, image: "registry.local/team/{name}:v1", env: [{env}], args: {args}}}]
              {extra}
        ---
        apiVersion: v1
        kind: Service
        metadata: {{name: {name}}}
        spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}]}}
        """)


BOUTIQUE = {
    "frontend": "productcatalog currency cart recommendation shipping checkout ad",
    "checkoutservice": "productcatalog shipping payment email currency cart",
    "recommendationservice": "productcatalog",
}


def test_online_boutique_has_its_true_graph(tmp_path: Path) -> None:
    text = "\n---\n".join((DATA / f"{name}-manifests.yaml").read_text() for name in ("kubernetes", "istio"))
    for lifting in (False, True):
        made = imported(text, lifting=lifting)
        expected = {name: sorted(f"{each}service" for each in needs.split()) for name, needs in BOUTIQUE.items()}
        expected |= {"cartservice": ["redis-cart"], "loadgenerator": ["frontend"]}
        assert {name: needs for name, needs in needs_of(made).items() if needs} == expected
        assert len(needs_of(made)) == 12
        assert not made.left_out
        bodies = [document.value for document in yamlio.load_all(text, "text")]
        assert essence(generated(made, tmp_path / str(lifting)), "dev-anna") == essence(bodies, "")
    assert made.vars == {
        "registry": "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo",
        "tag": "v0.10.6",
    }
    assert set(objects_of(made)["frontend"]) >= {"Gateway/frontend-gateway", "VirtualService/frontend-ingress"}


@pytest.mark.parametrize(
    "told",
    [
        "{name: ADDR, value: 'db:80'}",
        "{name: ADDR, value: 'db:8080'}",
        "{name: X, value: 'http://db/path'}",
        "{name: X, value: 'postgres://user:secret@db/shop'}",
        "{name: X, value: 'a:1,db:80,c:2'}",
        "{name: X, value: 'http://db.dev.svc.cluster.local'}",
        "{name: X, value: 'pod-0.db:80'}",
        "{name: DB_HOST, value: db}",
        "{name: SQL, value: 'Server=db;Initial Catalog=shop'}",
        "{name: SQL, value: 'Data Source=tcp:db,80;User Id=sa'}",
        "{name: NAME, value: db}, {name: X, value: 'http://$(NAME):80/'}",
        '{name: X, value: \'{"dbHost": "db"}\'}',
    ],
)
def test_an_address_is_a_need(told: str) -> None:
    assert needs_of(imported(workload("db") + workload("web", env=told)))["web"] == ["db"]


@pytest.mark.parametrize(
    "told",
    [
        "{name: NAME, value: db}",
        "{name: X, value: 'the db is here'}",
        "{name: ADDR, value: 'db:9999'}",
        "{name: ADDR, value: 'mydb:80'}",
        "{name: ADDR, value: 'registry.local/db:80'}",
        "{name: ADDR, value: 'http://db.example.com/'}",
        "{name: ADDR, value: 'http://dbx/'}",
        "{name: ADDR, value: 'http://other/db'}",
        "{name: X, value: 'db.txt'}",
    ],
)
def test_a_mere_word_is_none(told: str) -> None:
    assert needs_of(imported(workload("db") + workload("web", env=told)))["web"] == []


def test_needs_are_found_in_arguments_and_in_what_a_pod_reads() -> None:
    config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {%s}\n"
    text = workload("db") + workload("cache") + workload("queue") + config % ("shared", "a: 'db:80', b: 'queue:80'")
    one_key = "{name: A, valueFrom: {configMapKeyRef: {name: shared, key: a}}}"
    text += workload("web", env=one_key, args='["--cache-host", "cache", "-v"]')
    text += workload("all", extra="volumes: [{name: c, configMap: {name: shared}}]")
    made = imported(text + workload("wait", args='["sh", "-c", "until nc -z db 80; do sleep 1; done"]'))
    needs = needs_of(made)
    assert (needs["web"], needs["all"], needs["wait"]) == (["cache", "db"], ["db", "queue"], ["db"])
    assert objects_of(made)["_namespace"] == ["ConfigMap/shared"]


def test_a_secret_is_read_and_never_told() -> None:
    config = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: dsn}\ndata: {dsn: aHR0cDovL2RiL3B3}\n"  # http://db/pw
    reference = "{name: DSN, valueFrom: {secretKeyRef: {name: dsn, key: dsn}}}"
    made = imported(workload("db") + workload("web", env=reference) + config)
    assert needs_of(made)["web"] == ["db"]
    assert "http://db/pw" not in repr((made.needs, made.notes)) + made.files[Path("configs/dev.yaml")]


def test_the_weaker_side_of_a_cycle_is_left_out_and_told() -> None:
    made = imported(workload("a", env="{name: X, value: 'b:80'}") + workload("b", args='["--url=http://a"]'))
    assert needs_of(made) == {"a": ["b"], "b": []}
    assert "# left out, as a needs b: a (arguments of Deployment b)" in made.files[Path("configs/dev.yaml")]
    assert "which needs b in turn: left out" in made.notes[0].message


AROUND = """\
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: runner}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {scaleTargetRef: {kind: Deployment, name: web}}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: p}, spec: {selector: {matchLabels: {app: web}}}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: v}, spec: {hosts: [web]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: d}, spec: {host: web.dev.svc.cluster.local}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: edge}, spec: {hosts: ["*"], gateways: [edge], http: [{route: [{destination: {host: web}}, {destination: {host: db}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: edge}, spec: {}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {selector: {matchLabels: {app: db}}}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: rb}, roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: runner}]}
"""  # noqa: E501


def test_what_is_for_a_service_goes_with_it() -> None:
    web = "serviceAccountName: runner\n      volumes: [{name: c, configMap: {name: settings}}]"
    made = imported(workload("db") + workload("web", extra=web.replace("\n      ", "\n              ")) + AROUND)
    names = objects_of(made)
    assert "AuthorizationPolicy/a" in names["db"]
    assert names["_namespace"] == ["PeerAuthentication/default"]
    assert names["edge"] == ["Gateway/edge", "VirtualService/edge"]
    assert needs_of(made)["edge"] == ["db", "web"]
    of_web = (
        "ConfigMap/settings DestinationRule/d HorizontalPodAutoscaler/h PodDisruptionBudget/p Role/r RoleBinding/rb"
    )
    assert set(names["web"]) == {
        *of_web.split(),
        "ServiceAccount/runner",
        "VirtualService/v",
        "Deployment/web",
        "Service/web",
    }


def test_versions_are_one_service_and_components_are_several() -> None:
    one = workload("web").replace("name: web}\nspec:", "name: web-v1}\nspec:", 1)
    two = workload("web").replace("name: web}\nspec:", "name: web-v2}\nspec:", 1).rpartition("---")[0]
    assert set(objects_of(imported(one + two))) == {"web"}
    masters = [workload(name).replace(f"app: {name}", f"app: redis, role: {name}") for name in "ab"]
    assert set(objects_of(imported("".join(masters)))) == {"a", "b"}
    parts = [
        workload(name, labels=f"app.kubernetes.io/name: redis, app.kubernetes.io/component: {name}")
        for name in ("primary", "replica")
    ]
    assert set(objects_of(imported("".join(parts)))) == {"primary", "replica"}


def test_the_commonest_namespace_is_the_projects_and_others_are_allowed(tmp_path: Path) -> None:
    text = workload("web", env="{name: X, value: 'db.shop.svc:80'}").replace(
        "{name: web}", "{name: web, namespace: shop}"
    )
    text += "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: istio-system}}\n"
    text += "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n"
    made = imported(text, lifting=True)
    bodies = [document.value for document in yamlio.load_all(text, "text")]
    assert essence(generated(made, tmp_path), "shop") == essence(bodies, "shop")
    assert "db.{{ namespace }}.svc:80" in made.files[Path("templates/web/deployment.yaml")]
    assert "namespace: shop" in made.files[Path("configs/dev.yaml")]
    assert "meshctl.dev/keep" in made.files[Path("templates/_namespace/namespace.yaml")]
    assert any("cluster.allow_namespaces" in note.message for note in made.notes)


def test_addresses_follow_objects_that_lose_their_namespace(tmp_path: Path) -> None:
    made = imported("""\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: default}
spec: {host: web.default.svc.cluster.local}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: default}
data: {own: "http://db.default.svc", all: "*.default.svc", server: https://kubernetes.default.svc, other: a.b.svc}
""")
    assert [note.suggestion for note in made.notes] == [
        "they, and addresses in it, go to the namespace that the config names"
    ]
    bodies = {body["kind"]: body for body in generated(made, tmp_path)}
    assert bodies["DestinationRule"]["spec"]["host"] == "web.dev-anna.svc.cluster.local"
    assert bodies["ConfigMap"]["data"] == {
        "own": "http://db.dev-anna.svc",
        "all": "*.dev-anna.svc",
        "server": "https://kubernetes.default.svc",
        "other": "a.b.svc",
    }


def test_short_addresses_of_a_namespace_can_be_lifted(tmp_path: Path) -> None:
    config = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: shop}
data: {short: "db.shop:80", first: "http://db-0.db.shop/", other: "x.shop:80", file: db.shop.txt}
"""
    made = imported(workload("db").replace("name: db}", "name: db, namespace: shop}") + config, lifting=True)
    bodies = {body["kind"]: body for body in generated(made, tmp_path)}
    text = made.files[Path("templates/_namespace/config.yaml")]
    assert "db.{{ namespace }}:80" in text
    assert "http://db-0.db.{{ namespace }}/" in text
    assert "x.shop:80" in text
    assert "db.shop.txt" in text
    assert bodies["ConfigMap"]["data"]["short"] == "db.shop:80"


def test_an_address_that_stays_behind_is_told() -> None:
    made = imported(workload("db") + workload("web", env="{name: A, value: 'db.default.svc:80'}, {name: B, value: ''}"))
    assert [note.message for note in made.notes] == [
        "Deployment web names db.default.svc, where the project's Service is not"
    ]


def test_what_all_developers_would_share_is_told() -> None:
    storage = "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: a/b\n"
    (note,) = imported(workload("db") + storage).notes
    assert note.message == "of the whole cluster, not of a namespace: StorageClass fast"


def test_workloads_of_a_version_that_is_gone_are_services_all_the_same() -> None:
    text = workload("db").replace("apps/v1", "extensions/v1beta1") + workload("web", env="{name: A, value: 'db:80'}")
    assert needs_of(imported(text)) == {"db": [], "web": ["db"]}


@pytest.mark.parametrize(("whole", "project"), [("wordshop", "wordshop"), ("Word Shop", "shop"), ("a}}, {{", "shop")])
def test_a_project_is_called_what_its_objects_are_part_of(whole: str, project: str) -> None:
    pod = {"labels": {"app.kubernetes.io/part-of": whole, "app": "web"}, "name": "web"}
    spec = {"containers": [{"name": "web", "image": "web:1"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": spec}
    made = imported(stream([body, {**body, "metadata": {"name": "other"}}]))
    assert f"project: {project}\n" in made.files[Path("configs/dev.yaml")]
    assert bool(made.notes) == (whole != project)


def test_hooks_of_other_moments_are_no_part_of_a_start() -> None:
    hook = "{apiVersion: v1, kind: Pod, metadata: {name: probe, annotations: {helm.sh/hook: test}}, spec: {}}\n"
    made = imported(workload("web") + "---\n" + hook)
    assert "disable:\n  service:\n  - probe" in made.files[Path("configs/dev.yaml")]
    assert [str(note.where) for note in made.notes] == ["stdin:18"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: [", "stdin:2:1: "),
        ("{kind: A}", "stdin:1:1: an object without apiVersion"),
        ("- a", "stdin:1:1: a list where an object was expected"),
        ("{apiVersion: v1, kind: Pod, metadata: {generateName: x}}", "stdin:1:54: this Pod has generateName"),
        ("---\n", "there is no object in -"),
        (2 * "---\n{apiVersion: v1, kind: Pod, metadata: {name: x}}\n", "stdin:4: Pod x is in the sources twice"),
    ],
)
def test_what_is_no_manifest_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(MeshctlError) as refused:
        imported(text)
    assert told in str(refused.value)
    assert refused.value.exit_code == 2


JINJA_LIKE = st.sampled_from(
    ["{{ a }}", "{% if %}", "{# c #}", "{{{", "{%{%", "{{ '}}' }}", "{% endraw %}", "${#x[@]}", "}}"]
)
TEXT = st.one_of(st.text(max_size=12), st.lists(st.one_of(JINJA_LIKE, st.text(max_size=3)), max_size=5).map("".join))
LEAVES = st.one_of(TEXT, st.integers(), st.booleans(), st.none(), st.sampled_from(["on", "017", "1e3", "image: a/b:c"]))
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3))
)
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    """Any object at all: workloads with labels and variables of any kind, and what the importer knows nothing of."""
    metadata: dict[str, Any] = {"name": draw(NAMES)}
    if draw(st.booleans()):
        metadata["labels"] = draw(st.dictionaries(st.sampled_from(["app", "app.kubernetes.io/name"]), NAMES))
    if draw(st.booleans()):
        metadata["namespace"] = draw(st.sampled_from(["shop", "other"]))
    api_version, kind = draw(st.sampled_from(KINDS))
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "data": draw(VALUES)}
    if kind == "Deployment":
        image = f"{draw(st.sampled_from(['a.io/x', 'b', 'a.io']))}/{draw(NAMES)}:{draw(st.sampled_from(['1', 'v2']))}"
        container = {"name": "c", "image": image, "env": [{"name": "A", "value": draw(TEXT)}], "args": [draw(TEXT)]}
        template = {"metadata": {"labels": {"app": draw(NAMES)}}, "spec": {"containers": [container]}}
        body["spec"] = {"template": template, "any": draw(VALUES)}
    return body


KINDS = [("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "ConfigMap"), ("batch/v1", "Job"), ("x.io/v1", "Thing")]


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(objects(), min_size=1, max_size=6, unique_by=lambda body: body["metadata"]["name"]), st.booleans())
def test_gen_gives_every_object_back(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[dict[str, Any]], lifting: bool
) -> None:
    made = imported(stream(bodies), lifting=lifting)
    own = next(iter([note.message.split()[1] for note in made.notes if "project's own" in note.message]), "dev-anna")
    found = essence(generated(made, tmp_path_factory.mktemp("project")), own)
    assert found == essence(bodies, own)


@given(VALUES)
def test_text_that_looks_like_a_template_renders_to_itself(value: Any) -> None:
    text = yamlio.dump({"a": value, "b": "{{ x }}"})
    assert templating.evaluate(escaped(text), {}) == text


def test_what_meshctl_has_labelled_can_be_imported_again(tmp_path: Path) -> None:
    first = generated(imported(workload("db") + workload("web", env="{name: A, value: 'db:80'}")), tmp_path / "first")
    again = imported(stream(first))
    assert needs_of(again) == {"db": [], "web": ["db"]}
    assert essence(generated(again, tmp_path / "again"), "dev-anna") == essence(first, "dev-anna")


LIVE = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: web, uid: u}, spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], selector: {app: web}}}
- {apiVersion: v1, kind: Service, metadata: {name: pods, uid: u}, spec: {clusterIP: None, selector: {app: web}}}
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: web
    uid: u
    resourceVersion: "7"
    managedFields: []
    annotations: {deployment.kubernetes.io/revision: "1", kept: "yes"}
  spec: {template: {metadata: {labels: {app: web}}}}
  status: {replicas: 1}
- {apiVersion: v1, kind: Pod, metadata: {name: web-1, uid: u, ownerReferences: [{kind: ReplicaSet, controller: true}]}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: kube-root-ca.crt, uid: u}}
"""  # noqa: E501


def test_what_a_cluster_added_is_left_out_and_told() -> None:
    made = imported(LIVE)
    assert objects_of(made) == {"web": ["Deployment/web", "Service/pods", "Service/web"]}
    written = made.files[Path("templates/web/deployment.yaml")] + made.files[Path("templates/web/service.yaml")]
    words = set(re.findall(r"[\w.]+", written))
    assert not {"uid", "status", "managedFields", "resourceVersion", "10.0.0.1"} & words
    assert "revision" not in written
    assert "clusterIP: None" in written
    assert 'kept: "yes"' in written
    assert any("by itself: 1 ConfigMap, 1 Pod" in note.message for note in made.notes)


def test_a_project_has_one_service_at_least(tmp_path: Path) -> None:
    made = imported("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}")
    assert objects_of(made) == {"shop": ["ConfigMap/c"]}
    assert len(generated(made, tmp_path)) == 1


def test_what_is_no_utf8_is_told_with_its_place() -> None:
    with pytest.raises(MeshctlError, match="stdin:2:4: byte 0xff is no UTF-8"):
        importing.read(["-"], io.BytesIO(b"a: b\nc: \xff"))


@pytest.mark.parametrize(
    ("file", "command"), [("Chart.yaml", "helm template"), ("kustomization.yaml", "kubectl kustomize")]
)
def test_what_makes_manifests_is_no_manifest(tmp_path: Path, file: str, command: str) -> None:
    (tmp_path / file).touch()
    with pytest.raises(MeshctlError, match=command):
        importing.read([str(tmp_path)], io.BytesIO())


ODD = [None, "", "x", 5, 2.5, True, [], {}, [None], ["x"], {"x": None}, {"x": [{}]}]
SHOP = workload("web", env="{name: DB, value: db:80}", extra="volumes: [{name: a, configMap: {name: a}}]") + dedent("""\
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: a, labels: {app: web}}
    data: {peer: "http://db"}
    ---
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: web}
    spec: {hosts: [web], gateways: [edge], http: [{route: [{destination: {host: web}}]}]}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: web}
    spec: {scaleTargetRef: {kind: Deployment, name: web}}
    """)


@given(st.data())
@settings(max_examples=100)
def test_no_shape_of_an_object_makes_an_import_raise(data: st.DataObject) -> None:
    """It is imported as it is, for check to say what is wrong with it, or refused with its place."""
    bodies = [document.value for document in yamlio.load_all(SHOP, "shop")]
    container, step = data.draw(st.sampled_from([place for body in bodies for place in _places(body)]))
    container[step] = data.draw(st.sampled_from(ODD))
    with suppress(MeshctlError):
        assert imported(yamlio.dump_all(bodies), lifting=True).services


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every value but what identifies the object."""
    for step in value if isinstance(value, dict) else range(len(value)):
        if step not in ("apiVersion", "kind", "metadata", "name"):
            yield value, step
        if isinstance(value[step], (dict, list)):
            yield from _places(value[step])
