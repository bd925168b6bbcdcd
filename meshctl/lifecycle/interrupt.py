"""How a signal reaches a run: its handler sets this, and the run ends by itself, telling what was done."""

from __future__ import annotations

import threading

SIGINT_EXIT = 130


class Interrupt:
    """`exit_code` is 130 for Ctrl-C, 143 for SIGTERM, 0 as long as nobody interrupted."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self.exit_code = 0

    def set(self, exit_code: int = SIGINT_EXIT) -> None:
        """The first one counts. Safe in a signal handler."""
        self.exit_code = self.exit_code or exit_code
        self._set.set()

    def is_set(self) -> bool:
        return self._set.is_set()
