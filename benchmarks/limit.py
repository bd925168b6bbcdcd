"""The limit of what any Python client can do: the same applies, 16 at a time, and one watch until all is available.

    python -m benchmarks.limit MANIFESTS --kubeconfig FILE --namespace NS

No graph, no plan, no check of what is there, no explanation: the least that has to be done. MANIFESTS is a file of
JSON, a list of objects.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kubernetes import client, config

THREADS = 16
PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Service": "/api/v1/namespaces/{}/services",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "VirtualService": "/apis/networking.istio.io/v1/namespaces/{}/virtualservices",
}
APPLY = {"Content-Type": "application/apply-patch+yaml", "Accept": "application/json"}


class Loop:
    def __init__(self, kubeconfig: str, namespace: str) -> None:
        config.load_kube_config(kubeconfig)  # type: ignore[no-untyped-call]
        settings = client.Configuration.get_default_copy()
        settings.connection_pool_maxsize = THREADS + 1
        self._host = settings.host
        self._pool = client.ApiClient(settings).rest_client.pool_manager
        self._namespace = namespace

    def run(self, objects: list[dict[str, Any]]) -> None:
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(self._apply, objects))
        self._wait({each["metadata"]["name"] for each in objects if each["kind"] == "Deployment"})

    def _apply(self, body: dict[str, Any]) -> None:
        url = f"{self._host}{PATHS[body['kind']].format(self._namespace)}/{body['metadata']['name']}"
        answer = self._pool.request("PATCH", f"{url}?fieldManager=limit", body=json.dumps(body), headers=APPLY)
        assert answer.status in (200, 201), answer.data
        json.loads(answer.data)

    def _wait(self, waiting: set[str]) -> None:
        url = self._host + PATHS["Deployment"].format(self._namespace)
        listing = json.loads(self._pool.request("GET", url).data)
        waiting -= {item["metadata"]["name"] for item in listing["items"] if _is_available(item)}
        if not waiting:
            return
        since = listing["metadata"]["resourceVersion"]
        stream = self._pool.request("GET", f"{url}?watch=1&resourceVersion={since}", preload_content=False)
        pending = b""
        for chunk in stream.stream():
            *lines, pending = (pending + chunk).split(b"\n")
            events = [json.loads(line)["object"] for line in lines]
            waiting -= {item["metadata"]["name"] for item in events if _is_available(item)}
            if not waiting:
                return


def _is_available(deployment: dict[str, Any]) -> bool:
    conditions = deployment.get("status", {}).get("conditions") or []
    return any(each["type"] == "Available" and each["status"] == "True" for each in conditions)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limit", description="Apply and wait.")
    parser.add_argument("manifests", type=Path)
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--namespace", required=True)
    arguments = parser.parse_args()
    Loop(arguments.kubeconfig, arguments.namespace).run(json.loads(arguments.manifests.read_text()))
