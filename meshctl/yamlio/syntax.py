"""What libyaml says of a text that is no YAML, in the words of somebody who wants to mend it."""

from __future__ import annotations

import re

from yaml.error import MarkedYAMLError, YAMLError

from meshctl.errors import Where, YamlError

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_UNCLOSED = "found unexpected end of stream"
_WORDS = {
    "mapping values are not allowed in this context": (
        'a ":" where no mapping can begin',
        'quote a text that has ": " in it, or mend the indent',
    ),
    "did not find expected key": ("a key was expected here", "compare the indent with the lines above"),
    "did not find expected '-' indicator": ("a list item was expected here", "compare the indent with the lines above"),
    "could not find expected ':'": ('a key without ":"', "compare the indent and the quotes with the lines above"),
    "did not find expected ',' or ']'": ('"," or "]" was expected here', "close the list"),
    "did not find expected ',' or '}'": ('"," or "}" was expected here', "close the mapping"),
    "exceeded maximum nesting depth": ("nested too deep", "no object has a thousand levels"),
    _UNCLOSED: ("these quotes are never closed", "close them"),
    "did not find expected node content": ("a value was expected here", "compare the brackets"),
    "found unknown escape character": ("an escape that YAML does not know", "use single quotes, where \\ means itself"),
    "block sequence entries are not allowed in this context": (
        "a list item where no list can begin",
        "begin the list on a line of its own",
    ),
}


def syntax_error(error: YAMLError | UnicodeEncodeError, text: str, file: str) -> YamlError:
    """`error` as libyaml raised it for `text`."""
    if not isinstance(error, MarkedYAMLError):
        return _forbidden_character(text, file)
    mark = error.context_mark if error.problem == _UNCLOSED else error.problem_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    message, suggestion = _words(error, _character(text, line, column))
    return YamlError(message, where=Where(file, line + 1, column + 1), suggestion=suggestion)


def _words(error: MarkedYAMLError, character: str) -> tuple[str, str]:
    problem = str(error.problem)
    if character == "\t":
        return "a tab, where YAML wants spaces", "indent with spaces"
    if problem == "found character that cannot start any token":
        return f"a value cannot begin with {character}", "quote it"
    message, suggestion = _WORDS.get(problem, (f"not YAML: {problem}", ""))
    return message + _beginning(error), suggestion


def _beginning(error: MarkedYAMLError) -> str:
    """Where the collection at fault begins, if that is another line."""
    began, here = error.context_mark, error.problem_mark
    if error.problem == _UNCLOSED or not began or not here or began.line >= here.line:
        return ""
    return f"; what it belongs to begins in line {began.line + 1}"


def _character(text: str, line: int, column: int) -> str:
    lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", text)
    return lines[line][column : column + 1] if line < len(lines) else ""


def _forbidden_character(text: str, file: str) -> YamlError:
    match = _FORBIDDEN.search(text)
    if match is None:
        return YamlError("not YAML", where=Where(file, 1, 1))
    line = text.count("\n", 0, match.start()) + 1
    where = Where(file, line, match.start() - text.rfind("\n", 0, match.start()))
    message = f"the character U+{ord(match[0]):04X} may not be in YAML"
    return YamlError(message, where=where, suggestion='write it as an escape in double quotes, like "\\x07"')
