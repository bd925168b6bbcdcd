from __future__ import annotations

import os
from functools import partial

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation

_PATIENCE = 5.0  # seconds for a connection, and for an answer


@as_command(
    forms=("human", "json", "yaml"),
    examples="""
    meshctl doctor
    meshctl doctor -n dev-anna -v        # prints the Role that grants whatever right is missing
    meshctl doctor -o json | jq '.findings[] | select(.state != "ok")'
    """,
)
def command(invocation: Invocation) -> int:
    """Find what is wrong with config, cluster, rights, Istio and injection, and the command that mends it.

    It writes nothing, and goes on without a project or a cluster as far as it gets. Exit code: 0 all is well or there
    are only warnings, 1 something fails.
    """
    from meshctl import doctor
    from meshctl.output import examinations

    means = doctor.Means(
        find=partial(session.find_project, invocation),
        load=partial(session.read_config, invocation),
        connect=partial(session.open_cluster, invocation, timeout=_PATIENCE),
        environ=os.environ,
        namespace=invocation.namespace or "",
        context_named=invocation.context is not None,
        yes=invocation.yes,
    )
    with running.reading(invocation):
        findings = list(doctor.examine(means))
    invocation.terminal.result(
        examinations.show(findings, invocation.output, invocation.terminal, verbose=invocation.verbose)
    )
    return 1 if any(finding.state == "fail" for finding in findings) else 0
