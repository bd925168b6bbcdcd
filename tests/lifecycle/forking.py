"""Runs commands of meshctl in processes of their own that begin in no time: all that they import is there already.

Started with `python forking.py`. Each line of its input is a JSON object {"arguments": […], "output": FILE}; it answers
with the number of the process that runs the command, and with its exit status when that has ended.
"""

from __future__ import annotations

import json
import os
import sys

from meshctl.cli import signals
from meshctl.cli.program import run


def main() -> None:
    while line := sys.stdin.readline():
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            file = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            signals.terminate_as_interrupt()
            code = run(order["arguments"])
            sys.stdout.flush()
            os._exit(code)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    main()
