"""The sandbox: does it run, and what would one need to start it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meshctl.doctor.finding import Finding, Look

if TYPE_CHECKING:
    from meshctl.sandbox import Status

AREA = "sandbox"


@dataclass(frozen=True)
class Sandbox:
    """`obstacle` is why it could not be started; `needed` says that there is no other cluster."""

    status: Status
    obstacle: str = ""
    needed: bool = False


def state(sandbox: Sandbox) -> Iterator[Finding]:
    status = sandbox.status
    ill = [f"{program} is {how}" for program, how in status.programs.items() if how != "running"]
    if status.running:
        yield Finding(AREA, "state", "ok", f"it runs Kubernetes {status.version}, kubeconfig {status.kubeconfig}")
    elif status.pids:
        yield Finding(AREA, "state", "warn", f"{', '.join(ill)}", "`meshctl sandbox up` mends it")
    elif sandbox.needed and sandbox.obstacle:
        mend = "install Go 1.26 or newer, or `pip install 'meshctl[sandbox]'`, which brings it"
        yield Finding(AREA, "state", "warn", f"it does not run, and cannot be built: {sandbox.obstacle}", mend)
    elif sandbox.needed:
        yield Finding(AREA, "state", "warn", "it does not run", "`meshctl sandbox up` starts it")
    else:
        yield Finding(AREA, "state", "ok", "it does not run; `meshctl sandbox up` would start it")


FINDINGS: tuple[Look[Sandbox], ...] = (state,)
