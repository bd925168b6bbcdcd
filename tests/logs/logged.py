"""Pods that log what a test writes, and who listens to them."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

from meshctl.cluster import Cluster
from meshctl.errors import ClusterError
from meshctl.identity import ObjectRef
from meshctl.logs import LogLine

SECOND = 1_000_000_000
MIDNIGHT = 1_767_225_600 * SECOND  # 2026-01-01


class Stage:
    """A namespace in which pods of the project `shop` log; their files are on this machine."""

    def __init__(self, cluster: Cluster, namespace: str, kubectl: Callable[..., str], folder: Path) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.kubectl = kubectl
        self.written: Counter[tuple[str, str, str]] = Counter()
        self._folder = folder

    def pods(self, *names: str, containers: Sequence[str] = ("app",), **labels: str) -> None:
        """Pods named SERVICE-NUMBER, running."""
        for name in names:
            files = [self._log_files(name, container) for container in containers]
            self._apply("kwok.x-k8s.io/v1alpha1", "Logs", name, {"logs": files})
            images = [{"name": container, "image": "example.org/app"} for container in containers]
            service = {"meshctl.dev/service": name.rpartition("-")[0]}
            self._apply("v1", "Pod", name, {"containers": images}, service | labels)
        self.kubectl(
            "wait", f"-n{self.namespace}", "--for=condition=Ready", "--timeout=60s", *(f"pod/{name}" for name in names)
        )
        for name in names:
            for container in containers:
                eventually(partial(self._has_log, name, container))

    def write(self, pod: str, *lines: tuple[int, str], container: str = "app", previous: bool = False) -> None:
        """Lines of (nanoseconds since the epoch, text)."""
        suffix = "previous" if previous else "log"
        with (self._folder / f"{pod}.{container}.{suffix}").open("a", encoding="utf-8") as file:
            file.writelines(f"{stamp(time)} stdout F {text}\n" for time, text in lines)
        self.written.update((pod, container, text) for _, text in lines)

    def say(self, pod: str, *texts: str, container: str = "app") -> None:
        """Lines of now."""
        self.write(pod, *((time.time_ns(), text) for text in texts), container=container)

    def restart(self, pod: str) -> None:
        """As the kubelet tells that its only container has ended and begun again."""
        began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        status = self.cluster.get(ObjectRef("v1", "Pod", self.namespace, pod))["status"]["containerStatuses"][0]
        status |= {"restartCount": 1, "state": {"running": {"startedAt": began}}, "containerID": "kwok://second"}
        patch = json.dumps({"status": {"containerStatuses": [status]}})
        self.kubectl("patch", f"-n{self.namespace}", f"pod/{pod}", "--subresource=status", "--type=merge", "-p", patch)

    def delete(self, pod: str) -> None:
        self.cluster.delete(ObjectRef("v1", "Pod", self.namespace, pod))

    def _log_files(self, pod: str, container: str) -> dict[str, Any]:
        file = self._folder / f"{pod}.{container}.log"
        file.touch()
        return {
            "containers": [container],
            "logsFile": str(file),
            "previousLogsFile": str(file.with_suffix(".previous")),
            "follow": True,
        }

    def _apply(
        self, api_version: str, kind: str, name: str, spec: dict[str, Any], labels: dict[str, str] | None = None
    ) -> None:
        metadata = {"name": name, "namespace": self.namespace, "labels": labels or {}}
        self.cluster.apply({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})

    def _has_log(self, pod: str, container: str) -> bool:
        """KWOK needs a moment to find the Logs object."""
        try:
            list(self.cluster.logs(self.namespace, pod, container))
        except ClusterError:
            return False
        return True


def stamp(nanoseconds: int) -> str:
    moment = datetime.fromtimestamp(nanoseconds // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds % SECOND:09}Z"


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Listener:
    """Follows in a thread of its own, as the command line does."""

    def __init__(self, lines: Callable[[threading.Event, Callable[[str], None]], Iterable[LogLine]]) -> None:
        self.lines: list[LogLine] = []
        self.notices: list[str] = []
        self._interrupt = threading.Event()
        self._error: BaseException | None = None
        self._follow = lines
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    def has_failed(self, kind: type[BaseException]) -> bool:
        return isinstance(self._error, kind)

    def stop(self) -> float:
        """Ends it as Ctrl-C does; gives the seconds that took."""
        began = time.monotonic()
        self._interrupt.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        if self._error:
            raise self._error
        return time.monotonic() - began

    def _run(self) -> None:
        try:
            for line in self._follow(self._interrupt, self.notices.append):
                self.lines.append(line)
        except BaseException as error:  # noqa: BLE001 - raised by stop
            self._error = error
