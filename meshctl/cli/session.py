"""From an invocation to what a command works on: the config, the plan, the cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from meshctl.cli.invocation import Assigned, Invocation
from meshctl.errors import Caution, GuardError, UsageError

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Assignment, Config, Project
    from meshctl.manifest import Bundle
    from meshctl.output.runs.reports import Report
    from meshctl.plan import Plan, Selection


def find_project(invocation: Invocation) -> Project:
    from meshctl import config

    return config.find_project(
        directory=invocation.directory,
        environment=invocation.env,
        file=invocation.file,
        environ=os.environ,
        cwd=Path.cwd(),
    )


def environments(invocation: Invocation) -> tuple[list[str], str]:
    """Those of the project, and the one that is used; none, where several are there and nobody has named one."""
    from meshctl import config

    known = config.environments(config.find_root(invocation.directory, Path.cwd()))
    if known and not (invocation.file or config.chosen_environment(known, invocation.env, os.environ)):
        return known, ""
    return known, find_project(invocation).environment


def read_config(invocation: Invocation, environ: Mapping[str, str] = os.environ) -> Config:
    """The project's config with what the command line sets."""
    from meshctl import config

    return config.load(
        find_project(invocation),
        assignments=[_assignment(assigned) for assigned in invocation.assigned],
        environ=environ,
        namespace=invocation.namespace,
        cwd=Path.cwd(),
    )


def load_config(invocation: Invocation) -> Config:
    """The config, and its warnings told."""
    loaded = read_config(invocation)
    if invocation.verbose:
        invocation.terminal.notice(f"  config {loaded.file}, project {loaded.project}")
    warn(invocation, loaded.warnings)
    return loaded


def _assignment(assigned: Assigned) -> Assignment:
    from meshctl.config import Assignment

    path, equals, value = assigned.text.partition("=")
    if not equals or not path:
        raise UsageError(f"{assigned.option} {assigned.text} is no PATH=VALUE", suggestion="like vars.tag=v2")
    return Assignment(path=path, value=value, mode=assigned.mode, option=assigned.option)


def warn(invocation: Invocation, cautions: Iterable[Caution]) -> None:
    from meshctl.output.failures import caution

    for each in cautions:
        invocation.terminal.notice(caution(each, colored=invocation.terminal.colored_errors))


def tell(invocation: Invocation, warnings: Iterable[str]) -> None:
    """What a table lacks because it must not be read."""
    for warning in warnings:
        invocation.terminal.notice(f"warning: {warning}")


class Reached(NamedTuple):
    """A selection and the cluster where it lives."""

    config: Config
    plan: Plan
    cluster: Cluster


class Prepared(NamedTuple):
    """A selection with its manifests, and the cluster, which the guards let it change."""

    config: Config
    plan: Plan
    bundle: Bundle
    cluster: Cluster


def make_plan(config: Config, chosen: Selection, *, closure: bool) -> Plan:
    from meshctl import plan

    return plan.select(config, chosen, closure=closure)


def make_bundle(invocation: Invocation, plan: Plan) -> Bundle:
    """The manifests of the plan; warnings of the templates are told."""
    from meshctl import render

    bundle = render.render(plan, environ=os.environ)
    warn(invocation, bundle.warnings)
    return bundle


def with_images(bundle: Bundle, images: Iterable[str] | None) -> Bundle:
    """The bundle with the images of `--image`. Raises UsageError."""
    from meshctl import manifest

    return manifest.with_images(bundle, [manifest.parse_image(text) for text in images or ()])


def reach(invocation: Invocation, chosen: Selection, *, closure: bool = False) -> Reached:
    config = load_config(invocation)
    plan = make_plan(config, chosen, closure=closure)
    return Reached(config, plan, connect(invocation, config))


def prepare(invocation: Invocation, chosen: Selection, *, closure: bool) -> Prepared:
    """Files first: what is wrong with them is told before any cluster is asked. Raises GuardError last.

    `closure` is for the plan; what the bundle's ConfigMaps and Secrets hash to takes what is needed in any case.
    """
    config = load_config(invocation)
    plan = make_plan(config, chosen, closure=closure)
    bundle = make_bundle(invocation, plan if closure else make_plan(config, chosen, closure=True))
    return Prepared(config, plan, bundle, connect_to_change(invocation, config))


def connect_to_change(invocation: Invocation, config: Config) -> Cluster:
    """Raises GuardError unless this cluster and namespace may be written to."""
    from meshctl import lifecycle

    cluster = connect(invocation, config)
    lifecycle.guard(config, cluster, context_named=invocation.context is not None, yes=invocation.yes)
    return cluster


def services_to_stop(invocation: Invocation, config: Config, chosen: Selection) -> tuple[str, ...] | None:
    """None is everything that is there. A name that the config does not have may be a service that it once had.

    Raises GuardError when nothing is named and nobody can be asked.
    """
    if is_everything(chosen):
        return None
    if not (is_named(chosen) or invocation.yes or invocation.terminal.interactive):
        advice = "name services or groups, or say --all or --yes"
        raise GuardError("no service is named, and nobody can be asked whether all are meant", suggestion=advice)
    gone = tuple(name for name in chosen.services if _may_be_gone(config, name))
    known = replace(chosen, services=tuple(name for name in chosen.services if name not in gone))
    if gone and not is_named(known):
        return gone
    return (*make_plan(config, known, closure=False).services, *gone)


def _may_be_gone(config: Config, name: str) -> bool:
    return name not in config.services and name not in config.groups and not set("*?[") & set(name)


def reports(invocation: Invocation, asked: Iterable[str] | None) -> tuple[Report, ...]:
    """Raises UsageError, before anything is done."""
    if not asked:
        return ()
    from meshctl.output.runs.reports import parse

    return parse(asked, invocation.terminal, os.environ)


def is_everything(chosen: Selection) -> bool:
    """--all and nothing else: also what the config has forgotten."""
    return chosen.all and not (chosen.services or chosen.groups)


def is_named(chosen: Selection) -> bool:
    return chosen.all or bool(chosen.services or chosen.groups)


def confirm(invocation: Invocation, question: str) -> None:
    """Raises GuardError unless the answer is yes, or was given beforehand."""
    if not (invocation.yes or invocation.terminal.agrees(question)):
        raise GuardError("not confirmed: nothing was done")


def connect(invocation: Invocation, config: Config) -> Cluster:
    """The cluster that is meant, told on stderr together with the namespace."""
    connected = open_cluster(invocation)
    target = connected.target
    invocation.terminal.notice(f"→ context {target.context} · namespace {config.namespace}")
    if invocation.verbose:
        invocation.terminal.notice(f"  {target.server}, by {target.source}")
    return connected


def open_cluster(invocation: Invocation, *, timeout: float = 10) -> Cluster:
    """The cluster that is meant; `timeout` is in seconds, for a connection and for an answer."""
    from meshctl import cluster, sandbox

    return cluster.connect(
        context=invocation.context,
        kubeconfig=invocation.kubeconfig,
        sandbox_kubeconfig=sandbox.running_kubeconfig(),
        environ=os.environ,
        timeout=timeout,
    )
