"""The check of a selection: alone, and before a start."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from meshctl import cache
from meshctl.cli import session
from meshctl.cli.invocation import Invocation
from meshctl.errors import CheckError, MeshctlError, raise_all

if TYPE_CHECKING:
    from meshctl.check import Report
    from meshctl.config import Config
    from meshctl.manifest import Bundle
    from meshctl.plan import Plan, Selection


def examine(invocation: Invocation, chosen: Selection) -> Report:
    """Every finding; faults of the config and of templates are findings too. Raises UsageError, YamlError."""
    from meshctl import check, render

    try:
        config = session.read_config(invocation)
        plan = session.make_plan(config, chosen, closure=True)
    except MeshctlError as error:
        return check.faults_as_report(error)
    attempt = render.attempt(plan, environ=os.environ)
    whole = partial(_whole, config)
    return check.check(
        check.Material(plan, attempt.bundle, attempt.errors, attempt.complete, whole), cache=cache.home(os.environ)
    )


def compare(invocation: Invocation, chosen: Selection, *, update: bool) -> bool:
    """Whether what is rendered is what is stored; shows how it differs, or stores it anew."""
    from meshctl import render
    from meshctl.output import files

    environ = render.golden_environment(os.environ)
    config = session.read_config(invocation, environ)
    plan = session.make_plan(config, chosen, closure=True)
    bundle, folder = render.steady(render.render(plan, environ=environ)), render.golden_folder(config)
    changes = (render.write if update else render.check)(bundle, plan, folder)
    if not update and invocation.output == "human":
        invocation.terminal.result("".join(render.golden_diff(config, bundle, changes)))
    else:
        invocation.terminal.result(files.changes(changes, folder, invocation.output, checked=not update))
    if changes.out_of_date and not update:
        invocation.terminal.notice("not as stored; if this is meant: meshctl check --golden --update")
    return update or not changes.out_of_date


def refuse_errors(plan: Plan, bundle: Bundle) -> None:
    """Raises CheckError, or Problems, for what would surely fail in a cluster; milder findings are not even looked
    for."""
    from meshctl import check

    material = check.Material(plan, bundle, whole=partial(_whole, plan.config))
    report = check.check(material, least="error", cache=cache.home(os.environ))
    advice = "`meshctl check` shows everything"
    raise_all(
        CheckError(each.message, code=each.code, where=each.where, suggestion=each.suggestion or advice)
        for each in report.findings
    )


def _whole(config: Config) -> Bundle | None:
    """Everything that the project has, None if not all of it can be rendered."""
    from meshctl import plan, render

    attempt = render.attempt(plan.whole(config), environ=os.environ)
    return attempt.bundle if attempt.complete else None
