"""The index of hosts against the comparison of each with each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meshctl.check.istio.host_index import HostIndex
from meshctl.check.istio.names import overlap, within

LABELS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3)
EXACT = LABELS.map(".".join)
HOSTS = st.one_of(EXACT, EXACT.map("*.{}".format), st.just("*"))


@given(st.lists(HOSTS, max_size=8), HOSTS)
def test_it_finds_what_comparing_finds(hosts: list[str], wanted: str) -> None:
    index = HostIndex((host, number) for number, host in enumerate(hosts))
    assert sorted(index.overlapping(wanted)) == sorted(
        (host, number) for number, host in enumerate(hosts) if overlap(host, wanted)
    )
    assert sorted(index.covering(wanted)) == sorted(
        (host, number) for number, host in enumerate(hosts) if host.startswith("*") and within(wanted, host)
    )
    assert list(index.of(wanted)) == [number for number, host in enumerate(hosts) if host == wanted]


def test_the_most_exact_wildcard_comes_first() -> None:
    index = HostIndex((host, host) for host in ("*", "*.c", "a.b.c", "*.b.c"))
    assert [host for host, _ in index.overlapping("a.b.c")] == ["a.b.c", "*.b.c", "*.c", "*"]
