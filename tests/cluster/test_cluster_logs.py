"""The log of one container, through the real API server and a kubelet's interface (KWOK's)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster_objects import pod
from faults import FaultyProxy, answer

from meshctl.cluster import Cluster, LogStream
from meshctl.errors import Invalid, MeshctlError, NotFound, Unreachable

Write = Callable[..., Path]


@pytest.fixture
def write(cluster: Cluster, namespace: str, tmp_path: Path) -> Write:
    """Makes the pod `web` whose container `app` has logged these texts, one a second from midnight on."""

    def written(*texts: str, previous: tuple[str, ...] = ()) -> Path:
        file, earlier = tmp_path / "log", tmp_path / "previous"
        append(file, *texts)
        own = {"containers": ["app"], "logsFile": str(file), "follow": True}
        if previous:
            append(earlier, *previous)
            own["previousLogsFile"] = str(earlier)
        metadata = {"name": "web", "namespace": namespace}
        cluster.apply(
            {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Logs", "metadata": metadata, "spec": {"logs": [own]}}
        )
        listing = cluster.apply(pod(namespace)).object["metadata"]["resourceVersion"]
        for event in cluster.watch("v1", "Pod", namespace, resource_version=listing):
            if (event.object.get("status") or {}).get("phase") == "Running":
                break
        wait_until(lambda: len(lines(cluster.logs(namespace, "web", "app"))) == len(texts))
        return file

    return written


def append(file: Path, *texts: str) -> None:
    """In the CRI's format."""
    start = file.read_text().count("\n") if file.exists() else 0
    with file.open("a", encoding="utf-8") as log:
        for number, text in enumerate(texts, start):
            log.write(f"2026-01-01T00:00:{number:02}.000000001Z stdout F {text}\n")


def lines(stream: LogStream) -> list[str]:
    try:
        return list(stream)
    except NotFound:
        return []


def wait_until(condition: Callable[[], bool]) -> None:
    """KWOK needs a moment to find the Logs object."""
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_lines_have_their_time_first(cluster: Cluster, namespace: str, write: Write) -> None:
    write("hello", "world")
    assert lines(cluster.logs(namespace, "web", "app")) == [
        "2026-01-01T00:00:00.000000001Z hello",
        "2026-01-01T00:00:01.000000001Z world",
    ]


def test_only_line_feeds_end_a_line(cluster: Cluster, namespace: str, write: Write) -> None:
    odd = ["a\rb", "c\x85d", "e\u2028f", "g\x0bh", "über 🌍"]
    write(*odd)
    assert [line.split(" ", 1)[1] for line in cluster.logs(namespace, "web", "app")] == odd


def test_bytes_that_are_no_utf8_do_no_harm(cluster: Cluster, namespace: str, write: Write) -> None:
    file = write("ok")
    with file.open("ab") as log:
        log.write(b"2026-01-01T00:00:05Z stdout F \xff\xfe!\n")
    assert lines(cluster.logs(namespace, "web", "app"))[1].endswith(" \ufffd\ufffd!")


def test_windows(cluster: Cluster, namespace: str, write: Write) -> None:
    write(*(str(number) for number in range(10)))
    assert [line[-1] for line in cluster.logs(namespace, "web", "app", tail=3)] == ["7", "8", "9"]
    assert lines(cluster.logs(namespace, "web", "app", tail=0)) == []
    since = cluster.logs(namespace, "web", "app", since_time="2026-01-01T00:00:08Z")
    assert [line[-1] for line in since] == ["8", "9"]
    assert lines(cluster.logs(namespace, "web", "app", since_seconds=1)) == []


def test_the_run_before(cluster: Cluster, namespace: str, write: Write) -> None:
    write("now", previous=("then",))
    assert [line.split()[1] for line in cluster.logs(namespace, "web", "app", previous=True)] == ["then"]


class TestFollow:
    @pytest.fixture
    def follow(self, faulty: Cluster, namespace: str) -> Callable[[], Follower]:
        return lambda: Follower(faulty.logs(namespace, "web", "app", follow=True))

    def test_new_lines_come_as_they_are_written(self, follow: Callable[[], Follower], write: Write) -> None:
        file = write("one")
        reader = follow()
        for number in range(3):
            append(file, f"more {number}")
            wait_until(lambda number=number: any(f"more {number}" in line for line in reader.lines))
        assert len(reader.lines) == 4
        reader.close()

    def test_closing_wakes_the_reader_at_once(self, cluster: Cluster, namespace: str, write: Write) -> None:
        write("one")
        reader = Follower(cluster.logs(namespace, "web", "app", follow=True))
        wait_until(lambda: bool(reader.lines))
        assert reader.close() < 0.1
        assert reader.error is None

    def test_closing_a_quiet_log_too(self, follow: Callable[[], Follower], write: Write, proxy: FaultyProxy) -> None:
        """There is no answer at all until the container has said something."""
        write()
        reader = follow()
        wait_until(lambda: proxy.count(path="/log") == 1)
        time.sleep(0.2)
        assert reader.close() < 0.1
        assert (reader.lines, reader.error) == ([], None)

    def test_a_cut_connection_is_an_error_not_an_end(
        self, follow: Callable[[], Follower], write: Write, proxy: FaultyProxy
    ) -> None:
        write("one")
        reader = follow()
        wait_until(lambda: bool(reader.lines))
        proxy.cut_all()
        reader.join()
        assert isinstance(reader.error, Unreachable)
        assert reader.error.message.startswith("cannot read the log of web/app in ")


class Follower:
    """Reads a log in a thread of its own."""

    def __init__(self, stream: LogStream) -> None:
        self.lines: list[str] = []
        self.error: MeshctlError | None = None
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> float:
        """Seconds until the reader has noticed."""
        began = time.monotonic()
        self._stream.close()
        self.join()
        return time.monotonic() - began

    def join(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _read(self) -> None:
        try:
            for line in self._stream:
                self.lines.append(line)
        except MeshctlError as error:
            self.error = error


class TestRefused:
    def test_no_such_pod(self, cluster: Cluster, namespace: str) -> None:
        with pytest.raises(NotFound) as caught:
            list(cluster.logs(namespace, "web", "app"))
        assert caught.value.message == f'cannot read the log of web/app in {namespace}: pods "web" not found'

    def test_no_such_container(self, cluster: Cluster, namespace: str, write: Write) -> None:
        write("one")
        with pytest.raises(Invalid) as caught:
            list(cluster.logs(namespace, "web", "ap"))
        assert caught.value.message.endswith("container ap is not valid for pod web")

    def test_no_run_before(self, cluster: Cluster, namespace: str, write: Write) -> None:
        write("one")
        with pytest.raises(NotFound) as caught:
            list(cluster.logs(namespace, "web", "app", previous=True))
        assert caught.value.code == "NoPreviousLog"
        assert caught.value.message == f"cannot read the log of web/app in {namespace}: it has not run before"

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ('container "app" in pod "web" is waiting to start: ContainerCreating', "NotStarted"),
            ('container "app" in pod "web" is waiting to start: trying and failing to pull image', "NotStarted"),
            ('previous terminated container "app" in pod "web" not found', "NoPreviousLog"),
        ],
    )
    def test_a_real_kubelets_words(self, faulty: Cluster, proxy: FaultyProxy, said: str, code: str) -> None:
        proxy.inject(answer(400, said, reason="BadRequest"))
        with pytest.raises(NotFound) as caught:
            list(faulty.logs("dev", "web", "app", previous=code == "NoPreviousLog"))
        assert caught.value.code == code
