"""Lists of the config that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.project.facts import ProjectFacts
from meshctl.check.rules import project_rule
from meshctl.plan import declared_tiers, default_selection, reach


@project_rule("MSH403", "warning")
def unreachable_service(facts: ProjectFacts) -> Iterator[Fault]:
    """A service that nothing ever takes.

    It is not among what `enable` takes, in no group, and no service that is taken needs it. Only its own name, or
    `--all`, starts it.

        # bad
        service: [web, report]
        enable: {service: [web]}
        # good
        service: {web: {needs: [report]}, report: {}}
        enable: {service: [web]}
    """
    config = facts.config
    grouped = {service for group in config.groups.values() for service in group.services}
    needs = {name: service.needs for name, service in config.services.items()}
    reached = reach(needs, default_selection(config) | grouped | set(config.must_deps))
    for name, service in config.services.items():
        if name not in reached:
            advice = "enable it, put it into a group, or say who needs it"
            yield Fault(f"nothing takes service {name}", suggestion=advice, where=service.where)


@project_rule("MSH404", "warning")
def idle_priority(facts: ProjectFacts) -> Iterator[Fault]:
    """A priority that changes nothing.

    What a service of a higher tier needs is in that tier itself, so a lower priority of its own says nothing; neither
    does one that is repeated in a lower list, nor a list that has every service.

        # bad
        service: {web: {needs: [db]}, db: {}, cache: {}}
        high_priority_deps: [web]
        mid_priority_deps: [db]
        # good
        service: {web: {needs: [db]}, db: {}, cache: {}}
        high_priority_deps: [web]
    """
    config = facts.config
    declared = declared_tiers(config)
    for tier, members in (("high", config.high), ("mid", config.mid), ("low", config.low)):
        key = f"{tier}_priority_deps"
        for index, name in enumerate(members):
            effective = facts.plan.tiers.get(name, declared[name])
            if declared[name] != tier:
                message = f"{key} names {name}, which {declared[name]}_priority_deps has already"
                yield Fault(message, suggestion="take it out of one", where=config.where(key, index))
            elif effective != tier:
                message = f"{key} names {name}, which is in tier {effective}: a service of that tier needs it"
                yield Fault(message, suggestion="take it out", where=config.where(key, index))
        if len(config.services) > 1 and set(members) == set(config.services):
            yield Fault(f"{key} has every service, so it orders nothing", where=config.where(key))


@project_rule("MSH405", "warning")
def idle_group(facts: ProjectFacts) -> Iterator[Fault]:
    """A group without services, or with those of another group.

    `-g` with the first is an error, as nothing is selected; the second is another name for the same.

        # bad
        service: [web]
        service_group: {site: [web], tools: []}
        # good
        service: [web]
        service_group: {site: [web]}
    """
    same: dict[frozenset[str], str] = {}
    for name, group in facts.config.groups.items():
        services = frozenset(group.services)
        where = facts.config.where("service_group", name)
        if not services:
            yield Fault(f"group {name} has no services", suggestion="add some, or take it out", where=where)
        elif services in same:
            yield Fault(f"group {name} has the services of group {same[services]}", where=where, severity="info")
        same.setdefault(services, name)


@project_rule("MSH406", "warning")
def idle_disable(facts: ProjectFacts) -> Iterator[Fault]:
    """A service that is disabled and started all the same.

    `must_deps`, and what an enabled service needs, come along whatever `disable` says.

        # bad
        service: {web: {needs: [db]}, db: {}}
        disable: {service: [db]}
        # good
        service: {web: {needs: [db]}, db: {}}
    """
    config = facts.config
    taken = default_selection(config)
    for index, name in enumerate(config.disable.services):
        needing = next((other for other in sorted(taken) if name in config.services[other].needs), "")
        if name in config.must_deps or needing:
            why = "must_deps takes it" if name in config.must_deps else f"{needing} needs it"
            where = config.where("disable", "service", index)
            yield Fault(f"disable names {name}, and {why} in any case", suggestion="take it out", where=where)
