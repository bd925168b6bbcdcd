"""KWOK, which plays the node: its configuration, and what its pods are told to say.

`kubectl logs`, `exec` and `port-forward` reach KWOK through the API server as they would reach a kubelet.
"""

from __future__ import annotations

import datetime as dt
import json
import shlex
from collections.abc import Iterator
from typing import Any

from meshctl.sandbox.folders import Folders, write_private
from meshctl.sandbox.kwok.failures import FAILURES, failure_stages
from meshctl.sandbox.kwok.stages import API_VERSION, PROVISIONER, lifecycle_stages

__all__ = ["PROVISIONER", "write_configuration"]

NOTHING_RUNS = "Nothing runs in this container: the pod is simulated by the meshctl sandbox."
POD_LOGS = {
    "default": ("starting", NOTHING_RUNS, "ready"),
    "CrashLoopBackOff": (
        "starting",
        "connecting to database:5432",
        "fatal: connection refused (this crash is made by the meshctl sandbox)",
    ),
    "OOMKilled": ("starting", "loading the cache: 412 MiB", "loading the cache: 508 MiB"),
    "NotReady": ("starting", "GET /healthz 503: waiting for the first snapshot"),
}


def write_configuration(folders: Folders) -> None:
    for name, lines in POD_LOGS.items():
        write_private(folders.pod_logs / f"{name}.log", _cri_log(lines))
    documents = [json.dumps(document) for document in _documents(folders)]
    write_private(folders.kwok_config, "\n---\n".join(documents) + "\n")


def _documents(folders: Folders) -> Iterator[dict[str, Any]]:
    for stage in (*lifecycle_stages(FAILURES), *failure_stages(folders.pod_logs)):
        yield stage.to_json()
    yield from _server_documents(folders)


def _server_documents(folders: Folders) -> Iterator[dict[str, Any]]:
    """For the server of a KWOK that was not built from our module; our kubelet gives the same answers by its flags."""
    yield _document("ClusterLogs", {"logs": [{"logsFile": str(folders.pod_logs / "default.log")}]})
    yield _document("ClusterAttach", {"attaches": [{"logsFile": str(folders.pod_logs / "default.log")}]})
    yield _document("ClusterExec", {"execs": [{"local": {"workDir": str(folders.exec_home)}}]})
    yield _document("ClusterPortForward", {"forwards": [{"command": ["/bin/sh", "-c", _answer_http()]}]})


def _document(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "sandbox"}, "spec": spec}


def _cri_log(lines: tuple[str, ...]) -> str:
    """The format in which a container runtime keeps logs, and in which a kubelet wants them."""
    now = dt.datetime.now(dt.UTC)
    times = (now + dt.timedelta(milliseconds=number) for number in range(len(lines)))
    return "".join(
        f"{time:%Y-%m-%dT%H:%M:%S.%f}000Z stdout F {line}\n" for time, line in zip(times, lines, strict=True)
    )


def _answer_http() -> str:
    """Answers one HTTP request on a forwarded port; a PortForward object leads to a real port instead."""
    body = NOTHING_RUNS + "\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    answer = shlex.quote((head + body).replace("\r", "\\r").replace("\n", "\\n"))
    return f"while read -r line && [ ${{#line}} -gt 1 ]; do :; done; printf {answer}"
