"""rollback: a start of what an earlier run applied. Secrets are made of today's config: history has no values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from meshctl.errors import UsageError, raise_all
from meshctl.events import Event, Warned
from meshctl.history.packing import is_secret
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import StartOptions
from meshctl.lifecycle.start import start
from meshctl.manifest import NAMESPACE_SERVICE, Bundle, Manifest
from meshctl.plan import Plan, whole

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config

Render = Callable[[Plan], Bundle]


class Restored(NamedTuple):
    """What is to be there again; `anew` counts the Secrets of today among it."""

    plan: Plan
    bundle: Bundle
    anew: int


def restore(config: Config, stored: Bundle, services: Collection[str] | None, render: Render) -> Restored:
    """The stored manifests, of these services alone unless None. `render` is asked for Secrets, if there are any.

    Raises UsageError for Secrets that today's config does not have, and what rendering raises.
    """
    names = [name for name in stored.services if services is None or name in {NAMESPACE_SERVICE, *services}]
    everything = whole(config)
    kept = {name: stored.of(name) for name in names}
    secrets = [each for manifests in kept.values() for each in manifests if is_secret(each.ref)]
    today = _secrets(render(everything.only({each.service for each in secrets}))) if secrets else {}
    raise_all(_missing(each) for each in secrets if each.ref.versionless not in today)
    bundle = Bundle(
        stored.namespace,
        {name: tuple(today.get(each.ref.versionless, each) for each in each_of) for name, each_of in kept.items()},
    )
    return Restored(everything.only(names), bundle, len(secrets))


def rollback(
    restored: Restored, revision: int, cluster: Cluster, options: StartOptions, interrupt: Interrupt
) -> Iterator[Event]:
    """Events from Planned to Finished, as of a start. Raises nothing of ours."""
    events = start(restored.plan, restored.bundle, cluster, options, interrupt, action="rollback")
    with closing(events):  # type: ignore[type-var]
        yield next(events)
        if restored.anew:
            yield Warned(code="SecretsOfToday", message=_of_today(revision, restored.anew))
        yield from events


def _of_today(revision: int, secrets: int) -> str:
    which = "the Secret" if secrets == 1 else f"the {secrets} Secrets"
    return f"{which} of run {revision} will be as today's config renders them: the history keeps no values"


def _secrets(bundle: Bundle) -> Mapping[tuple[str, str, str, str], Manifest]:
    return {manifest.ref.versionless: manifest for manifest in bundle if is_secret(manifest.ref)}


def _missing(manifest: Manifest) -> UsageError:
    return UsageError(
        f"{manifest.where} has {manifest.ref} of {manifest.service}, which today's config does not have",
        suggestion="bring its template back: history keeps no Secret's values",
    )
