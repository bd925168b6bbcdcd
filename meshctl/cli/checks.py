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
