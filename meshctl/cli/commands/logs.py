from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import PodLabels, seconds
from meshctl.errors import UsageError

Pattern = list[str] | None

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("default", "raw", "json"),
    stream="lines",
    selects="named",
    examples="""
    meshctl logs web --tail 50
    meshctl logs -g trade -f -i 'ERROR|WARN' -H order-[0-9]+
    meshctl logs -l version=v2 -f                              # of some pods of every service
    meshctl logs web -p                                        # of the containers that crashed
    meshctl logs --all -s 10m -o json | jq -r .message
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    selector: PodLabels = "",
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is still to come")] = False,
    since: Annotated[
        str | None, typer.Option("-s", "--since", metavar="DURATION", help="Not older than this: 30s, 10m, 1h")
    ] = None,
    tail: Annotated[
        int | None, typer.Option(metavar="N", help="Only the last lines of each container; -1: all")
    ] = None,
    container: Annotated[Pattern, typer.Option("-c", "--container", metavar="RE", help="Only these containers")] = None,
    exclude_container: Annotated[
        Pattern, typer.Option("-E", "--exclude-container", metavar="RE", help="Not these containers")
    ] = None,
    include: Annotated[Pattern, typer.Option("-i", "--include", metavar="RE", help="Only lines with this")] = None,
    exclude: Annotated[Pattern, typer.Option("-e", "--exclude", metavar="RE", help="No lines with this")] = None,
    highlight: Annotated[Pattern, typer.Option("-H", "--highlight", metavar="RE", help="Make this stand out")] = None,
    timestamps: Annotated[bool, typer.Option("-t", "--timestamps", help="The time before each line")] = False,
    previous: Annotated[bool, typer.Option("-p", "--previous", help="Of the containers before the restart")] = False,
    max_log_requests: Annotated[int, typer.Option(metavar="N", help="Logs followed at a time")] = 50,
    template: Annotated[
        str, typer.Option(metavar="JINJA", help="Form of a line: '{{ service }}: {{ message }}'", show_default=False)
    ] = "",
) -> int:
    """Show the logs of many pods as one stream, in the order of time, by service or group, across restarts.

    Without -f it shows what there is and ends. Patterns are regular expressions, found anywhere.
    """
    from meshctl import logs
    from meshctl.manifest import label_selector
    from meshctl.output.loglines import formatter

    if template and invocation.output != "default":
        raise UsageError("--template is a form of its own", suggestion="leave out -o or --template")
    options = logs.LogOptions(
        follow=follow,
        since=seconds("--since", since) if since else None,
        tail=tail,
        previous=previous,
        containers=logs.patterns("--container", container or ()),
        exclude_containers=logs.patterns("--exclude-container", exclude_container or ()),
        include=logs.patterns("--include", include or ()),
        exclude=logs.patterns("--exclude", exclude or ()),
        max_log_requests=max_log_requests,
    )
    marked = logs.patterns("--highlight", highlight or ())
    labels = label_selector(selector)
    found = session.reach(invocation, chosen)
    line_of = formatter(
        invocation.output,
        invocation.terminal,
        found.config.namespace,
        timestamps=timestamps,
        highlight=marked,
        template=template,
    )
    pods = logs.Selector(found.config.project, found.plan.services, labels)

    def show(line: logs.LogLine) -> None:
        invocation.terminal.result(line_of(line))
        if follow:
            invocation.terminal.stdout.flush()

    notice = invocation.terminal.notice
    return running.until_interrupted(
        lambda interrupt: logs.stream(found.cluster, found.config.namespace, pods, options, interrupt, notice=notice),
        show,
        tidy=lambda: None,
    )
