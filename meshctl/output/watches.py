"""A text that changes: drawn over itself on a terminal; in a pipe, the lines that are new."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Self

from meshctl.output.documents import as_line
from meshctl.output.terminal import Terminal

if TYPE_CHECKING:
    from rich.live import Live


class Watcher(ABC):
    """Shows one version of the text after the other. As a context it leaves the terminal tidy."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    @abstractmethod
    def show(self, text: str) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - only one that draws has something to tidy up
        """Leaves the terminal as a prompt may follow."""


def watcher(form: str, terminal: Terminal) -> Watcher:
    if form == "json":
        return JsonLines(terminal)
    if form == "yaml":
        return Documents(terminal)
    return Redrawn(terminal) if terminal.live else NewLines(terminal)


class JsonLines(Watcher):
    """Each version as one line: a stream of documents that can be told apart."""

    def show(self, text: str) -> None:
        self._terminal.result(as_line(json.loads(text)))
        self._terminal.stdout.flush()


class Documents(Watcher):
    """Each version as one document of a YAML stream."""

    def show(self, text: str) -> None:
        self._terminal.result(f"---\n{text}")
        self._terminal.stdout.flush()


class NewLines(Watcher):
    """As `kubectl get -w`: the table, then each line that was not there before."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._seen: set[str] = set()

    def show(self, text: str) -> None:
        lines = text.splitlines()
        self._terminal.result("\n".join(line for line in lines if line not in self._seen))
        self._terminal.stdout.flush()
        self._seen = set(lines)


class Redrawn(Watcher):
    """The last version stays when the watch ends."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._live: Live | None = None

    def show(self, text: str) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        drawn = Text.from_ansi(text, no_wrap=True, overflow="crop")
        if self._live is None:
            console = Console(file=self._terminal.stdout, force_terminal=True, highlight=False)
            self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
            self._live.start()
        self._live.update(drawn, refresh=True)

    def close(self) -> None:
        if self._live:
            self._live.stop()
