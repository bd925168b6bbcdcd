"""Where global options may stand, and what is said of words that nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl.cli.arguments import understand, wish
from meshctl.cli.catalog import ALIASES, COMMANDS
from meshctl.cli.invocation import GLOBAL_OPTIONS, OUTPUT, GlobalOption
from meshctl.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "command", "arguments"),
    [
        ("start web", "start", ["web"]),
        ("-n dev start web -v", "start", ["--namespace=dev", "web", "-v"]),
        ("-ndev start", "start", ["--namespace=dev"]),
        ("-qyn dev start", "start", ["--quiet", "--yes", "--namespace=dev"]),
        ("--namespace=dev --set vars.a=1 --set-string vars.b=2 gen", "gen",
         ["--namespace=dev", "--set=vars.a=1", "--set-string=vars.b=2"]),
        ("-f other.yaml -e dev logs -f -e x", "logs", ["--file=other.yaml", "--env=dev", "-f", "-e", "x"]),
        ("config -o json view", "config view", ["-ojson"]),
        ("-o json config view -q", "config view", ["-ojson", "-q"]),
        ("--output=json -qoname import x", "import", ["-ojson", "--quiet", "-oname", "x"]),
        ("sandbox up --name ci", "sandbox up", ["--name", "ci"]),
        ("--version", "version", []),
        ("--version -o json", "version", ["-o", "json"]),
        ("--help start", "start", ["--help"]),
        ("help start", "start", ["--help"]),
        ("help config view", "config view", ["--help"]),
        ("", "", []),
        ("config", "config", []),
        ("-h", "", ["--help"]),
        ("ps -o json", "status", ["-o", "json"]),
    ],
)  # fmt: skip
def test_the_command_is_found_and_options_before_it_move_behind_it(
    typed: str, command: str, arguments: list[str]
) -> None:
    assert understand(typed.split()) == (command, arguments)


@pytest.mark.parametrize(
    ("typed", "message", "suggestion"),
    [
        ("strat web", "there is no command 'strat'", "did you mean start?"),
        ("config vew", "there is no command 'config vew'", "did you mean view?"),
        ("frobnicate", "there is no command 'frobnicate'", "meshctl --help lists them"),
        ("config frobnicate", "there is no command 'config frobnicate'", "meshctl config --help lists them"),
        ("--namspace dev start", "unknown option --namspace before the command's name", "did you mean --namespace?"),
        ("--timeout 5m start", "unknown option --timeout before the command's name",
         "a command's own options come after its name"),
        ("-n", "--namespace needs a value", "--namespace NS"),
        ("-qn", "--namespace needs a value", "--namespace NS"),
    ],
)  # fmt: skip
def test_what_nobody_knows_is_refused_with_the_nearest_right_word(typed: str, message: str, suggestion: str) -> None:
    with pytest.raises(UsageError) as refused:
        understand(typed.split())
    assert (refused.value.message, refused.value.suggestion, refused.value.exit_code) == (message, suggestion, 2)


def test_every_alias_leads_to_a_command() -> None:
    assert set(ALIASES) == {"log", "pod", "port", "service", "ps", "svc"}
    assert set(ALIASES.values()) <= set(COMMANDS)
    assert not set(ALIASES) & set(COMMANDS)


_TEXT = st.text("abcxyz=,./ ", min_size=1, max_size=8)


@st.composite
def _typed_option(draw: st.DrawFn) -> tuple[GlobalOption, list[str], str]:
    """An option, one of the ways to type it, and its value."""
    option = draw(st.sampled_from(GLOBAL_OPTIONS))
    flag = draw(st.sampled_from(option.flags))
    if not option.metavar:
        return option, [flag], ""
    value = draw(_TEXT)
    ways = [[flag, value]]
    if flag.startswith("--"):
        ways.append([f"{flag}={value}"])
    elif not value.startswith("="):
        ways.append([flag + value])
    return option, draw(st.sampled_from(ways)), value


def _long(option: GlobalOption, value: str) -> str:
    """But for -o: its long form is a folder's name to import and migrate."""
    if option is OUTPUT:
        return f"-o{value}"
    return f"{option.long}={value}" if option.metavar else option.long


@given(st.lists(_typed_option(), max_size=5))
def test_options_before_the_name_keep_their_order_and_values(
    options: list[tuple[GlobalOption, list[str], str]],
) -> None:
    typed = [word for _, words, _ in options for word in words]
    expected = [_long(option, value) for option, _, value in options]
    assert understand([*typed, "start", "web"]) == ("start", [*expected, "web"])


@pytest.mark.parametrize(
    ("typed", "variable", "expected"),
    [
        ("start -o json", "", "json"),
        ("-ojson start", "", "json"),
        ("start -o=json", "", "json"),
        ("start -qyojson", "", "json"),
        ("start --output=json", "", "json"),
        ("start --output json", "", "json"),
        ("start -o json -o yaml", "", "yaml"),
        ("start", "json", "json"),
        ("start -o yaml", "json", "yaml"),
        ("start -no json", "", ""),
        ("exec web -- kubectl -o json", "", ""),
        ("start -o", "", ""),
    ],
)
def test_the_form_of_errors_is_known_before_parsing(typed: str, variable: str, expected: str) -> None:
    assert wish(typed.split(), "--output", {"MESHCTL_OUTPUT": variable}) == expected


@pytest.mark.parametrize(("typed", "expected"), [("-v start", "true"), ("start -yv", "true"), ("start -nv", "")])
def test_switches_too(typed: str, expected: str) -> None:
    assert wish(typed.split(), "--verbose", {}) == expected
