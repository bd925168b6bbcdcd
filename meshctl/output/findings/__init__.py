"""The findings of a check in every form: for people, for programs, for the tools of CI."""

from __future__ import annotations

from meshctl.check import Report
from meshctl.output.findings.source import Sources
from meshctl.output.terminal import Terminal

__all__ = ["FORMS", "Sources", "show"]

FORMS = ("human", "json", "sarif", "github", "junit")


def show(report: Report, form: str, terminal: Terminal, sources: Sources) -> str:
    """`sources` has the lines of the project's files, which people like to see."""
    if form == "human":
        from meshctl.output.findings.human import human

        return human(report, terminal, sources)
    if form == "json":
        from meshctl.output.findings.machine import document

        return document(report)
    if form == "sarif":
        from meshctl.output.findings.sarif import sarif

        return sarif(report)
    if form == "github":
        from meshctl.output.findings.github import workflow_commands

        return workflow_commands(report)
    from meshctl.output.findings.junit import junit

    return junit(report)
