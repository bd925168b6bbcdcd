"""What becomes of an object: namespace, labels, injection, the hash of its configuration, and its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rendering import config_map, rendered

from meshctl.errors import TemplateError, Where
from meshctl.manifest import ApplySet, Manifest

OWNED = {
    "app.kubernetes.io/managed-by": "meshctl",
    "app.kubernetes.io/part-of": "shop",
    "meshctl.dev/service": "web",
    "applyset.kubernetes.io/part-of": ApplySet("shop", "dev-anna", "web").id,
}
POD = {"meshctl.dev/service": "web", "meshctl.dev/project": "shop"}
WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: &meta
  name: web
  labels: &labels {app: web}
spec:
  selector: {matchLabels: *labels}
  template:
    metadata: {labels: *labels}
    spec:
      containers:
      - name: web
        image: web:1
        envFrom: [{configMapRef: {name: settings}}]
"""
CRON_JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: web}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: web, image: web:1}]
          volumes: [{name: v, secret: {secretName: keys}}]
"""
STATEFUL_SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: []}}
  volumeClaimTemplates: [{metadata: {name: data}}]
"""
KEYS = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {a: b}\n"


def project(root: Path, text: str, config: str = "service: [web]", **files: str) -> list[Manifest]:
    header = "project: shop\nnamespace: dev-anna\n"
    return list(rendered(root, {"configs/dev.yaml": f"{header}{config}\n", "templates/web/a.yaml": text, **files}))


def one(root: Path, text: str, config: str = "service: [web]") -> Any:
    (manifest,) = project(root, text, config)
    return manifest.body


def pod(body: Any) -> Any:
    return body["spec"]["template"]["metadata"]


class TestNamespace:
    def test_a_namespaced_object_gets_the_developers(self, tmp_path: Path) -> None:
        body = one(tmp_path, config_map())
        assert body["metadata"] == {"name": "web", "namespace": "dev-anna", "labels": OWNED}

    @pytest.mark.parametrize("namespace", ["dev-anna", "''", "null"])
    def test_naming_it_changes_nothing(self, tmp_path: Path, namespace: str) -> None:
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web, namespace: {namespace}}}\n"
        assert one(tmp_path, text)["metadata"]["namespace"] == "dev-anna"

    def test_an_allowed_one_is_kept_and_says_whose_it_is(self, tmp_path: Path) -> None:
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: istio-system}\n"
        metadata = one(tmp_path, text, "service: [web]\ncluster: {allow_namespaces: [istio-*]}")["metadata"]
        assert metadata["namespace"] == "istio-system"
        assert metadata["labels"] == {**OWNED, "meshctl.dev/namespace": "dev-anna"}

    @pytest.mark.parametrize("namespace", ["", ", namespace: somewhere"])
    def test_a_cluster_scoped_object_has_none(self, tmp_path: Path, namespace: str) -> None:
        text = f"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: web{namespace}}}\n"
        metadata = one(tmp_path, text)["metadata"]
        assert metadata == {"name": "web", "labels": {**OWNED, "meshctl.dev/namespace": "dev-anna"}}

    def test_the_scope_of_an_unknown_kind(self, tmp_path: Path) -> None:
        widget = "apiVersion: example.com/v1\nkind: {}\nmetadata: {{name: x}}\n"
        definition = (
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: defined}\n"
            "spec: {group: example.com, names: {kind: Defined}, scope: Cluster}\n"
        )
        text = "---\n".join([definition, *(widget.format(kind) for kind in ("Defined", "Vouched", "Unknown"))])
        config = "service: [web]\ncluster: {scoped_kinds: [Vouched.example.com]}"
        namespaces = {manifest.ref.kind: manifest.ref.namespace for manifest in project(tmp_path, text, config)}
        assert namespaces == {
            "CustomResourceDefinition": "", "Defined": "", "Vouched": "", "Unknown": "dev-anna",
        }  # fmt: skip


class TestLabels:
    def test_on_the_object_and_its_pods_and_not_on_selectors(self, tmp_path: Path) -> None:
        body = one(tmp_path, WORKLOAD)
        assert body["metadata"]["labels"] == {"app": "web", **OWNED}
        assert pod(body)["labels"] == {"app": "web", **POD}
        assert body["spec"]["selector"] == {"matchLabels": {"app": "web"}}

    def test_not_on_volume_claim_templates(self, tmp_path: Path) -> None:
        assert one(tmp_path, STATEFUL_SET)["spec"]["volumeClaimTemplates"] == [{"metadata": {"name": "data"}}]

    def test_a_pod_has_both(self, tmp_path: Path) -> None:
        body = one(tmp_path, "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: []}\n")
        assert body["metadata"]["labels"] == {**OWNED, **POD}

    def test_a_cron_jobs_pods_too(self, tmp_path: Path) -> None:
        template = one(tmp_path, CRON_JOB)["spec"]["jobTemplate"]["spec"]["template"]
        assert template["metadata"] == {"labels": POD}

    def test_a_templates_own_gives_way_with_a_warning(self, tmp_path: Path) -> None:
        text = config_map().replace("name: web", "name: web\n  labels:\n    app.kubernetes.io/managed-by: Helm")
        bundle = rendered(tmp_path, {"templates/web/a.yaml": text})
        assert bundle.of("web")[0].body["metadata"]["labels"] == OWNED
        (warning,) = bundle.warnings
        assert warning.code == "MSH111"
        assert warning.where == Where("templates/web/a.yaml", 6, 35)
        assert warning.message == (
            "label app.kubernetes.io/managed-by of ConfigMap web becomes meshctl; the template has Helm"
        )

    def test_what_is_of_another_set_is_refused(self, tmp_path: Path) -> None:
        text = config_map().replace("name: web", "name: web\n  labels: {applyset.kubernetes.io/part-of: theirs}")
        with pytest.raises(TemplateError) as raised:
            one(tmp_path, text)
        assert (raised.value.code, raised.value.where) == ("MSH113", Where("templates/web/a.yaml", 5, 44))

    @pytest.mark.parametrize(
        "config", ["service: {web: {inject: false}}", "service: [web]\nskip_inject_service: [web]"]
    )
    def test_no_sidecar_is_a_label_of_the_pods(self, tmp_path: Path, config: str) -> None:
        body = one(tmp_path, WORKLOAD, config)
        assert pod(body)["labels"]["sidecar.istio.io/inject"] == "false"
        assert "sidecar.istio.io/inject" not in body["metadata"]["labels"]


class TestConfigHash:
    CONFIG = "service: {web: {}, other: {}, third: {}}"
    ANNOTATION = "meshctl.dev/config-hash"

    def hash_of(self, root: Path, said: str, *names: str, closure: bool = True, owner: str = "other") -> str:
        files = {
            "configs/dev.yaml": f"project: shop\nnamespace: dev-anna\n{self.CONFIG}\n",
            "templates/web/a.yaml": WORKLOAD,
            "templates/other/a.yaml": config_map("unrelated"),
            "templates/third/a.yaml": config_map("third"),
            f"templates/{owner}/settings.yaml": config_map("settings", said=said),
        }
        bundle = rendered(root, files, *names, closure=closure)
        return str(pod(bundle.of("web")[0].body)["annotations"][self.ANNOTATION])

    def test_changes_with_what_the_pods_read(self, tmp_path: Path) -> None:
        assert self.hash_of(tmp_path, "one") != self.hash_of(tmp_path, "two")
        assert self.hash_of(tmp_path, "one") == self.hash_of(tmp_path, "one")

    @pytest.mark.parametrize("owner", ["web", "other", "_namespace"])
    def test_does_not_depend_on_the_selection(self, tmp_path: Path, owner: str) -> None:
        everything = self.hash_of(tmp_path, "one", owner=owner)
        assert self.hash_of(tmp_path, "one", "web", closure=False, owner=owner) == everything
        assert self.hash_of(tmp_path, "one", "web", "third", owner=owner) == everything

    def test_a_broken_service_that_nobody_selected_stops_nothing(self, tmp_path: Path) -> None:
        everything = self.hash_of(tmp_path, "one")
        (tmp_path / "templates/third/broken.yaml").write_text("{{ nobody }}")
        assert self.hash_of(tmp_path, "one", "web") == everything

    def test_does_not_change_with_anything_else(self, tmp_path: Path) -> None:
        text = WORKLOAD.replace("web:1", "web:2")
        settings = {"templates/web/settings.yaml": config_map("settings", said="one")}
        more = {"templates/web/more.yaml": config_map("more")}
        hashes = [
            pod(project(tmp_path, body, **settings, **files)[0].body)["annotations"][self.ANNOTATION]
            for body, files in ((WORKLOAD, {}), (text, {}), (WORKLOAD, more))
        ]
        assert len(set(hashes)) == 1

    def test_a_cron_job_and_a_secret(self, tmp_path: Path) -> None:
        def annotated(secret: str) -> Any:
            body = project(tmp_path, CRON_JOB, **{"templates/web/keys.yaml": secret})[0].body
            return body["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"][self.ANNOTATION]

        assert annotated(KEYS) != annotated(KEYS.replace("a: b", "a: c"))

    @pytest.mark.parametrize("text", [WORKLOAD, WORKLOAD.replace("settings", "kube-root-ca.crt")])
    def test_what_the_project_does_not_have_does_not_count(self, tmp_path: Path, text: str) -> None:
        assert "annotations" not in pod(one(tmp_path, text))

    def test_a_job_is_never_rolled(self, tmp_path: Path) -> None:
        text = WORKLOAD.replace("apps/v1", "batch/v1").replace("Deployment", "Job")
        (job, _) = project(tmp_path, text, **{"templates/web/settings.yaml": config_map("settings")})
        assert "annotations" not in pod(job.body)


class TestLists:
    def test_a_list_is_taken_apart(self, tmp_path: Path) -> None:
        items = "".join("- " + config_map(name).replace("\n", "\n  ").rstrip() + "\n" for name in ("a", "b"))
        manifests = project(tmp_path, "apiVersion: v1\nkind: List\nitems:\n" + items)
        assert [(manifest.ref.name, manifest.where.line) for manifest in manifests] == [("a", 4), ("b", 10)]

    def test_items_of_a_typed_list_need_not_say_what_they_are(self, tmp_path: Path) -> None:
        text = "apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}, data: {}}]\n"
        assert one(tmp_path, text)["kind"] == "ConfigMap"

    @pytest.mark.parametrize("items", ["", "items:\n", "items: []\n"])
    def test_a_list_of_nothing_is_nothing(self, tmp_path: Path, items: str) -> None:
        assert project(tmp_path, f"apiVersion: v1\nkind: List\n{items}") == []

    def test_a_kind_that_only_ends_so_is_an_object(self, tmp_path: Path) -> None:
        text = "apiVersion: example.com/v1\nkind: PriceList\nmetadata: {name: a}\nspec: {items: []}\n"
        assert one(tmp_path, text)["kind"] == "PriceList"


class TestPlace:
    def test_the_line_of_the_template_that_made_the_object(self, tmp_path: Path) -> None:
        text = "{# two\nlines #}\n{% for name in ['a', 'b'] %}\n---\n" + config_map("{{ name }}") + "{% endfor %}\n"
        manifests = project(tmp_path, text)
        assert [manifest.where for manifest in manifests] == [Where("templates/web/a.yaml", 5, 1)] * 2

    def test_of_an_object_that_a_macro_made_the_line_of_the_call(self, tmp_path: Path) -> None:
        macros = (
            "{% macro map(name) %}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}}\n{% endmacro %}\n"
        )
        text = '{% import "lib.j2" as lib %}\n{{ lib.map("a") }}\n---\n\n{{ lib.map("b") | trim }}\n'
        manifests = project(tmp_path, text, **{"templates/_lib/lib.j2": macros})
        assert [manifest.where.line for manifest in manifests] == [2, 5]
        assert {manifest.where.file for manifest in manifests} == {"templates/web/a.yaml"}

    def test_equal_input_gives_equal_bytes(self, tmp_path: Path) -> None:
        from meshctl.render import stream

        texts = {stream(rendered(tmp_path, {"templates/web/a.yaml": WORKLOAD})) for _ in range(3)}
        assert len(texts) == 1
