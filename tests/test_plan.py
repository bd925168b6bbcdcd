"""What is selected, in which order, and how cycles are told."""

from __future__ import annotations

import graphlib
import json
import os
import re
import subprocess
import sys
from itertools import islice, pairwise
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import all_needs, project, projects

from meshctl.config import Choice, Config
from meshctl.errors import ConfigError, Problems, UsageError, Where
from meshctl.plan import FORMATS, TIERS, Plan, Selection, check_cycles, export, focus, select, whole
from meshctl.plan.order import MANY

GOLDEN = Path(__file__).parent / "golden" / "graph"

SHOP = project(
    {
        "website": ["backend"],
        "backend": ["postgres", "cache"],
        "postgres": [],
        "cache": [],
        "trade-bus": [],
        "trade-server": ["trade-bus", "postgres"],
        "end": [],
    },
    groups={"trade": ["trade-bus", "trade-server"], "web": ["website", "backend"], "nobody": []},
    must_deps=["cache"],
    high=["backend"],
    low=["trade-bus"],
)


def names(config: Config, *services: str, closure: bool = False, **selection: object) -> set[str]:
    return set(select(config, Selection(services, **selection), closure=closure).services)  # type: ignore[arg-type]


class TestSelection:
    def test_exactly_what_is_named_without_closure(self) -> None:
        assert names(SHOP, "website", "end") == {"website", "end"}

    def test_closure_takes_needs_and_must_deps_along(self) -> None:
        assert names(SHOP, "trade-server", closure=True) == {"trade-server", "trade-bus", "postgres", "cache"}

    def test_needs_of_must_deps_are_taken_along(self) -> None:
        config = project({"a": [], "b": ["c"], "c": []}, must_deps=["b"])
        assert names(config, "a", closure=True) == {"a", "b", "c"}

    def test_declined_needs_leave_must_deps(self) -> None:
        assert names(SHOP, "website", needs=False, closure=True) == {"website", "cache"}

    def test_globs_and_groups_add_up(self) -> None:
        assert names(SHOP, "trade-*", groups=("w?b",)) == {"trade-bus", "trade-server", "website", "backend"}

    def test_all(self) -> None:
        assert names(SHOP, all=True) == set(SHOP.services)

    def test_all_with_names_is_refused(self) -> None:
        with pytest.raises(UsageError, match="--all takes every service"):
            names(SHOP, "website", all=True)

    def test_nothing_named_and_nothing_enabled_is_everything_but_the_disabled(self) -> None:
        config = project({"a": [], "b": [], "c": []}, groups={"g": ["b"]}, disable=Choice(("a",), ("g",)))
        assert names(config) == {"c"}

    def test_disable_is_taken_out_after_enable(self) -> None:
        config = project(
            {"a": [], "b": [], "c": []}, groups={"g": ["a", "b"]}, enable=Choice(groups=("g",)), disable=Choice(("b",))
        )
        assert names(config) == {"a"}

    def test_needs_and_must_deps_override_disable(self) -> None:
        config = project({"a": ["b"], "b": [], "c": []}, must_deps=["c"], disable=Choice(("b", "c")))
        assert names(config, closure=True) == {"a", "b", "c"}

    def test_a_named_service_overrides_disable(self) -> None:
        assert names(project({"a": []}, disable=Choice(("a",))), "a") == {"a"}

    def test_an_empty_selection_is_refused(self) -> None:
        with pytest.raises(UsageError, match="nothing is selected: `enable` less `disable` leaves no service"):
            names(project({"a": []}, disable=Choice(("a",))))

    def test_an_empty_group_is_refused(self) -> None:
        with pytest.raises(UsageError, match="nothing is selected: nobody has no services"):
            names(SHOP, groups=("nobody",))

    def test_a_project_without_services_is_refused(self) -> None:
        with pytest.raises(UsageError, match="the project has no services"):
            names(project({}), all=True)

    def test_all_unknown_names_are_told_together_with_the_nearest(self) -> None:
        with pytest.raises(Problems) as caught:
            names(SHOP, "webiste", "trade", "pay-*", groups=("tarde", "backend"))
        assert [str(error) for error in caught.value.errors] == [
            "no service is called 'webiste' (did you mean website?)",
            "no service is called 'trade' (that is a group: -g trade)",
            "no service matches 'pay-*' (there are website, backend, postgres, cache, trade-bus, trade-server, end)",
            "no group is called 'tarde' (did you mean trade?)",
            "no group is called 'backend' (that is a service: name it without -g)",
        ]
        assert caught.value.exit_code == 2

    def test_a_long_list_of_names_is_not_written_into_the_message(self) -> None:
        with pytest.raises(UsageError, match="`meshctl list services` shows them"):
            names(project({f"service-{number}": [] for number in range(50)}), "qqq")

    @given(projects(), st.data())
    def test_closure_is_complete_and_minimal(self, config: Config, data: st.DataObject) -> None:
        named = data.draw(st.sets(st.sampled_from(list(config.services)), min_size=1))
        roots = named | set(config.must_deps)
        assert names(config, *named, closure=True) == roots.union(*(all_needs(config, root) for root in roots))


class TestOrder:
    def test_by_tier_then_needs_then_as_declared(self) -> None:
        plan = whole(SHOP)
        assert plan.services == ("postgres", "cache", "backend", "trade-bus", "website", "trade-server", "end")

    def test_what_a_tier_needs_is_lifted_into_it(self) -> None:
        config = project({"a": ["b"], "b": ["c"], "c": [], "d": []}, high=["a"], low=["c"])
        assert whole(config).tiers == {"a": "high", "b": "high", "c": "high", "d": "rest"}

    def test_a_service_in_two_lists_is_in_the_higher(self) -> None:
        assert whole(project({"a": []}, high=["a"], low=["a"])).tiers == {"a": "high"}

    def test_a_tier_does_not_change_with_the_selection(self) -> None:
        assert select(SHOP, Selection(("postgres",)), closure=False).tiers == {"postgres": "high"}

    def test_order_is_kept_through_services_that_are_left_out(self) -> None:
        config = project({"a": ["b"], "b": ["c"], "c": ["d"], "d": []})
        plan = select(config, Selection(("a", "d")), closure=False)
        assert plan.needs == {"d": frozenset(), "a": frozenset({"d"})}

    @given(projects())
    def test_needs_and_tiers_are_respected(self, config: Config) -> None:
        plan = whole(config)
        place = {name: index for index, name in enumerate(plan.services)}
        assert all(place[need] < place[name] for name in plan.services for need in plan.needs[name])
        ranks = [TIERS.index(plan.tiers[name]) for name in plan.services]
        assert ranks == sorted(ranks)

    @given(projects())
    def test_tiers_are_the_highest_of_all_that_need_the_service(self, config: Config) -> None:
        plan = whole(config)
        for name in plan.services:
            family = [name, *(other for other in plan.services if name in all_needs(config, other))]
            lists = zip(TIERS, (config.high, config.mid, config.low, family), strict=True)
            assert plan.tiers[name] == next(tier for tier, members in lists if {*family} & {*members})

    @given(projects(), st.data())
    def test_part_of_a_plan_waits_as_the_whole_does(self, config: Config, data: st.DataObject) -> None:
        chosen = data.draw(st.sets(st.sampled_from(list(config.services)), min_size=1))
        part = whole(config).only(chosen)
        assert part.services == tuple(name for name in whole(config).services if name in chosen)
        for name in part.services:
            assert part_needs(part, name) == all_needs(config, name) & chosen

    @given(projects())
    def test_networkx_and_graphlib_agree(self, config: Config) -> None:
        plan = whole(config)
        graph = plan.graph()
        assert nx.is_directed_acyclic_graph(graph)
        places = {node: place for place, node in enumerate(nx.topological_sort(graph.reverse()))}
        nodes = list(graphlib.TopologicalSorter(plan.waits).static_order())
        assert set(nodes) == set(places)
        services = [node for node, barrier in graph.nodes(data="barrier") if not barrier]
        assert sorted(services) == sorted(plan.services)
        closure = nx.transitive_closure_dag(graph)
        order = {name: place for place, name in enumerate(plan.services)}
        assert all(order[to] < order[name] for name, to in closure.edges if {name, to} <= set(services))


def part_needs(plan: Plan, name: str) -> set[str]:
    return set(plan.needs[name]).union(*(part_needs(plan, need) for need in plan.needs[name]))


class TestEdges:
    def test_neighbouring_tiers_are_joined_unless_needs_do(self) -> None:
        config = project({"a": [], "b": [], "c": ["a"], "d": []}, high=["a", "b"], low=["c"])
        edges = [(edge.from_, edge.to, edge.kind) for edge in whole(config).edges()]
        assert edges == [("c", "a", "needs"), ("c", "b", "tier"), ("d", "c", "tier")]

    @given(projects())
    def test_edges_and_barriers_say_the_same(self, config: Config) -> None:
        plan = whole(config)
        drawn = nx.DiGraph([(edge.from_, edge.to) for edge in plan.edges()])
        drawn.add_nodes_from(plan.services)
        barriers = nx.transitive_closure_dag(plan.graph())
        expected = {pair for pair in barriers.edges if set(pair) <= set(plan.services)}
        assert set(nx.transitive_closure_dag(drawn).edges) == expected

    @given(projects())
    def test_no_tier_edge_is_implied_by_needs(self, config: Config) -> None:
        plan = whole(config)
        tier_edges = [edge for edge in plan.edges() if edge.kind == "tier"]
        assert not [edge for edge in tier_edges if edge.to in all_needs(config, edge.from_)]
        present = [tier for tier in TIERS if tier in plan.tiers.values()]
        assert {(plan.tiers[edge.to], plan.tiers[edge.from_]) for edge in tier_edges} <= set(pairwise(present))


class TestFocus:
    def test_needs_of(self) -> None:
        assert set(focus(whole(SHOP), needs_of=["backend"]).services) == {"backend", "postgres", "cache"}

    def test_needed_by(self) -> None:
        assert set(focus(whole(SHOP), needed_by=["postgres"]).services) == {
            "postgres", "backend", "website", "trade-server",
        }  # fmt: skip

    def test_neither_is_everything(self) -> None:
        assert focus(whole(SHOP)) == whole(SHOP)

    def test_a_name_outside_of_the_plan_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"'webiste' is not in the selection \(did you mean website\?\)"):
            focus(whole(SHOP), needed_by=["webiste"])


class TestCycles:
    def test_a_cycle_is_told_edge_by_edge_with_its_lines(self) -> None:
        config = project({"a": ["b"], "b": ["x", "c"], "c": ["a"], "x": [], "y": ["a"]})
        with pytest.raises(ConfigError) as caught:
            check_cycles(config)
        assert caught.value.code == "MSH015"
        assert caught.value.where == Where("configs/dev.yaml", 1, 10)
        assert caught.value.message == (
            "a dependency cycle: a needs b (configs/dev.yaml:1:10), b needs c (configs/dev.yaml:2:20), "
            "c needs a (configs/dev.yaml:3:10)"
        )

    def test_a_service_that_needs_itself(self) -> None:
        with pytest.raises(ConfigError, match=r"a dependency cycle: a needs a \(configs/dev.yaml:1:10\)"):
            check_cycles(project({"a": ["a"]}))

    def test_all_independent_cycles_are_told(self) -> None:
        config = project({"a": ["b"], "b": ["a", "c"], "c": ["b"], "d": ["e"], "e": ["d"]})
        with pytest.raises(Problems) as caught:
            check_cycles(config)
        assert [error.message.partition(" (")[0] for error in caught.value.errors] == [
            "a dependency cycle: a needs b",
            "a dependency cycle: b needs c",
            "a dependency cycle: d needs e",
        ]

    def test_cycles_that_share_a_need_are_all_told(self) -> None:
        config = project({"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["a"]})
        with pytest.raises(Problems) as caught:
            check_cycles(config)
        assert [re.sub(r" \([^)]*\)", "", error.message) for error in caught.value.errors] == [
            "a dependency cycle: a needs b, b needs c, c needs a",
            "a dependency cycle: a needs b, b needs d, d needs a",
        ]

    def test_of_a_tangle_some_short_ones_are_told(self) -> None:
        many = [f"s{number}" for number in range(30)]
        with pytest.raises(Problems) as caught:
            check_cycles(project({name: [other for other in many if other != name] for name in many}))
        assert len(caught.value.errors) == MANY
        assert all(error.message.count(" needs ") == 2 for error in caught.value.errors)

    def test_any_selection_tells_them(self) -> None:
        with pytest.raises(ConfigError, match="a dependency cycle"):
            select(project({"a": ["b"], "b": ["a"], "c": []}), Selection(("c",)), closure=False)

    def test_ten_thousand_services_in_one_cycle_and_in_a_chain(self) -> None:
        many = 10_000
        chain = project({f"s{number}": [f"s{number - 1}"] if number else [] for number in range(many)})
        assert whole(chain).services[-1] == f"s{many - 1}"
        with pytest.raises(ConfigError) as caught:
            check_cycles(project({f"s{number}": [f"s{(number + 1) % many}"] for number in range(many)}))
        assert caught.value.message.count(" needs ") == many

    @given(st.dictionaries(st.sampled_from("abcdefg"), st.lists(st.sampled_from("abcdefg"), unique=True)))
    def test_exactly_the_graphs_with_cycles_are_refused_and_each_told_one_is_real(
        self, needs: dict[str, list[str]]
    ) -> None:
        config = project({name: [need for need in needs[name] if need in needs] for name in needs})
        graph = nx.DiGraph((name, need) for name, service in config.services.items() for need in service.needs)
        try:
            check_cycles(config)
        except (ConfigError, Problems) as error:
            assert not nx.is_directed_acyclic_graph(graph)
            told_ones = [
                [tuple(edge.split(" (")[0].split(" needs ")) for edge in told.message[20:].split("), ")]
                for told in (error.errors if isinstance(error, Problems) else (error,))
            ]
            for edges in told_ones:
                assert all(graph.has_edge(*edge) for edge in edges)
                assert all(before[1] == after[0] for before, after in pairwise([*edges, edges[0]]))
            every = list(islice(nx.simple_cycles(graph), MANY + 1))
            assert len({frozenset(edges) for edges in told_ones}) == len(told_ones)
            assert len(told_ones) == len(every) or len(every) > MANY
        else:
            assert nx.is_directed_acyclic_graph(graph)


class TestExport:
    @pytest.mark.parametrize("form", sorted(FORMATS))
    def test_golden(self, form: str) -> None:
        golden = GOLDEN / f"shop.{form}"
        drawn = export(whole(SHOP), form)
        if os.environ.get("UPDATE_GOLDEN"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(drawn, encoding="utf-8")
        assert drawn == golden.read_text(encoding="utf-8")

    def test_json_is_the_contract(self) -> None:
        document = json.loads(export(select(SHOP, Selection(("trade-server",)), closure=True), "json"))
        assert document == {
            "meshctl": 1,
            "nodes": [
                {"name": "cache", "tier": "high", "groups": []},
                {"name": "postgres", "tier": "high", "groups": []},
                {"name": "trade-bus", "tier": "low", "groups": ["trade"]},
                {"name": "trade-server", "tier": "rest", "groups": ["trade"]},
            ],
            "edges": [
                {"from": "trade-bus", "to": "cache", "kind": "tier"},
                {"from": "trade-bus", "to": "postgres", "kind": "tier"},
                {"from": "trade-server", "to": "postgres", "kind": "needs"},
                {"from": "trade-server", "to": "trade-bus", "kind": "needs"},
            ],
            "order": ["postgres", "cache", "trade-bus", "trade-server"],
        }


def test_planning_does_not_load_networkx() -> None:
    program = "import sys, meshctl.plan; sys.exit('networkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
