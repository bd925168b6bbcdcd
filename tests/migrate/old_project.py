"""A project of the original tool, small: its two layouts, its Go templates, its Istio."""

from __future__ import annotations

from pathlib import Path

CONFIG = """\
output_path: ./output

vars:
  hostnet: false # of the proxy
  namespace: someone
  level: verbose
  words: [a, b]

service:
  - proxy
  - store

must_deps:
service_group:
  biz:
skip_inject_service:
  - store
"""
DEPLOYMENT = """\
# the proxy
apiVersion: apps/v1beta1
kind: Deployment
metadata:
  name: proxy
  namespace: {{ .namespace }}
spec:
  template:
    metadata:
      labels:
        app: proxy
    spec:
      {{- if .hostnet }}
      hostNetwork: true
      {{- end }}
      containers:
      - name: proxy
        image: registry.local/proxy:1
        {{- range $i, $word := .words }}
        # {{ $i }}
        {{- end }}
        args: ["--level={{ .level }}"]
"""
ISTIO = """\
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: store
  namespace: {{ .namespace }}
spec:
  hosts: [store]
  http:
  - fault:
      abort: {httpStatus: 500, percent: 10}
    route:
    - destination:
        host: store
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: odd, namespace: istio-system}
spec:
  match: request.size > 10
  actions:
  - handler: deny.denier
---
apiVersion: config.istio.io/v1alpha2
kind: denier
metadata: {name: deny}
---
apiVersion: v1
kind: Secret
metadata: {name: store, namespace: istio-system}
"""


def write(root: Path, *, configs: str = "etc", templates: str = "mesh") -> Path:
    """The project in one of the layouts that it had."""
    files = {
        f"{configs}/test_env.yaml": CONFIG,
        f"{templates}/proxy/dm.yaml": DEPLOYMENT,
        f"{templates}/store/istio.yaml": ISTIO,
        "control.go": 'package main\n\nimport (\n\t"html/template"\n)\n',
        "output/proxy/dm.yaml": "kind: {{\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
