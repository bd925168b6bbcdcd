"""The log of one container, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from meshctl.errors import ClusterError, Invalid, NotFound

if TYPE_CHECKING:
    from meshctl.cluster.stream import Stream

SILENCE = 60.0  # seconds that a log that is not followed may take between two lines


class LogStream:
    """Lines with the RFC 3339 time first. Sent when the first line is asked for; `close` from another thread ends it.

    Raises NotFound when there is no such log (yet), Unreachable when the connection is cut: begin again with
    `since_time`.
    """

    def __init__(self, stream: Stream, *, previous: bool) -> None:
        self._stream = stream
        self._previous = previous

    def __iter__(self) -> Iterator[str]:
        try:
            for line in self._stream.lines():
                yield line.decode("utf-8", "replace")
        except Invalid as refusal:
            raise self._no_log(refusal) or refusal from refusal

    def close(self) -> None:
        self._stream.close()

    def _no_log(self, refusal: ClusterError) -> ClusterError | None:
        """The kubelet says all this with 400 and words."""
        said = refusal.message
        if "is waiting to start" in said:
            message, code = f"{_asked(said)}: it has not started yet", "NotStarted"
        elif self._previous and "is not valid for pod" not in said:
            message, code = f"{_asked(said)}: it has not run before", "NoPreviousLog"
        else:
            return None
        return NotFound(message, code=code, status=refusal.status, details=refusal.details)


def _asked(message: str) -> str:
    return message.partition(": ")[0]
