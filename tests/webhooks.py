"""Admission webhooks for one namespace, and a server behind them that always refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from certificates import Authority

from meshctl.cluster import Cluster
from meshctl.identity import ObjectRef


class Refuser(NamedTuple):
    """Where the server listens, and the certificate that it is trusted by, as base64."""

    port: int
    certificate: str


@contextmanager
def refuser(folder: Path, message: str) -> Iterator[Refuser]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            response = {"uid": review["request"]["uid"], "allowed": False, "status": {"message": message, "code": 403}}
            body = json.dumps({**review, "response": response}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's own name
            """Nothing."""

    authority = Authority(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = authority.server().wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Refuser(server.server_port, authority.certificate)
        server.shutdown()


@contextmanager
def webhook(cluster: Cluster, namespace: str, port: int, certificate: str, *, seconds: int = 10) -> Iterator[None]:
    """`refuse.example.org`, asked about every ConfigMap that is made in the namespace; it has `seconds` to answer."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    hook = {
        "name": "refuse.example.org",
        "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": certificate},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": seconds,
    }
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [hook],
    }
    cluster.apply(body)
    try:
        yield
    finally:
        cluster.delete(ObjectRef.of(body))


@contextmanager
def policy(cluster: Cluster, namespace: str, message: str) -> Iterator[None]:
    """A ValidatingAdmissionPolicy of the namespace's name that refuses every ConfigMap in it."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    where = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    common = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": namespace}}
    spec = {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": where},
        "validations": [{"expression": "false", "message": message}],
    }
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    bodies = [
        {**common, "kind": "ValidatingAdmissionPolicy", "spec": spec},
        {**common, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding},
    ]
    for body in bodies:
        cluster.apply(body)
    yield
    for body in bodies:
        cluster.delete(ObjectRef.of(body))
