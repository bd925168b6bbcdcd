"""Go's predefined functions, each in a table with how Jinja says the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from meshctl.migrate.gotemplate.values import MISSING, Term, elements_of, field_of, prints_alike

LIBRARY = "go"
"""The name under which a template imports `go.j2`, the macros for what Jinja writes otherwise than Go."""
_TEXT = ("",)
_FLAGS_AND_WIDTH = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d*)(?P<precision>\.\d*)?(?P<verb>.|\n|$)")
_MAPPING_METHODS = frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(str))


class Refused(Exception):
    """What Jinja has no way to say, with the reason."""


def literal(value: str | float | bool | None) -> Term:
    if value is None or isinstance(value, bool):
        return Term({None: "none", True: "true", False: "false"}[value], (value,), single=True)
    if isinstance(value, str):
        return Term(_quoted(value), (value,), single=True)
    return Term(repr(value), (value,), single=value >= 0)


def _quoted(value: str) -> str:
    written = "".join(_escape(letter) for letter in value)
    return f'"{written}"' if "'" in written and '"' not in written else "'" + written.replace("'", "\\'") + "'"


def _escape(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    if letter.isprintable():
        return letter
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(letter)
    return short or (f"\\U{ord(letter):08x}" if ord(letter) > 0xFFFF else f"\\u{ord(letter):04x}")


def as_text(term: Term, macro: str = "text") -> Term:
    """The expression whose text in Jinja is what Go writes for it; within `printf` and its kin nil is another text."""
    if term.undefined:
        return term
    there = [sample for sample in term.samples or () if sample is not MISSING]
    if there and prints_alike(there, str):
        return term
    if there and all(isinstance(sample, bool) for sample in there):  # `{{ }}` writes true as Go does, `~` does not
        return term if macro == "text" else Term(f"{term.operand} | tojson", _TEXT)
    return Term(f"{LIBRARY}.{macro}({term.code})", _TEXT, single=True)


def _as_argument(term: Term) -> Term:
    return as_text(term, "nested")


def field(term: Term, name: str) -> Term:
    """Jinja looks for a method first when a field has the name of one."""
    code = f"{term.operand}[{_quoted(name)}]" if name in _MAPPING_METHODS else f"{term.operand}.{name}"
    return Term(code, field_of(term.samples, name), single=True, undefined=term.undefined)


def _compared(operator: str) -> Callable[[Sequence[Term]], Term]:
    def compare(terms: Sequence[Term]) -> Term:
        _count(terms, 2)
        left, right = (term.defined().operand for term in terms)
        return Term(f"{left} {operator} {right}", (True, False))

    return compare


def _equal(terms: Sequence[Term]) -> Term:
    """Go compares the first with each of the others."""
    if len(terms) < 2:
        raise Refused("eq takes two arguments or more")
    if len(terms) == 2:
        return _compared("==")(terms)
    others = ", ".join(term.defined().code for term in terms[1:])
    return Term(f"{terms[0].defined().operand} in [{others}]", (True, False))


def _joined(operator: str) -> Callable[[Sequence[Term]], Term]:
    def join(terms: Sequence[Term]) -> Term:
        if not terms:
            raise Refused(f"{operator} takes an argument or more")
        ready = [term.defined() for term in terms]
        if len(ready) == 1:
            return ready[0]
        unknown = any(term.samples is None for term in ready)
        samples = None if unknown else tuple(sample for term in ready for sample in term.samples or ())
        return Term(f" {operator} ".join(term.operand for term in ready), samples)

    return join


def _not(terms: Sequence[Term]) -> Term:
    _count(terms, 1)
    return Term(f"not {terms[0].defined().operand}", (True, False))


def _length(terms: Sequence[Term]) -> Term:
    """Go counts the bytes of a text, Jinja its characters."""
    _count(terms, 1)
    if any(isinstance(sample, str) and not sample.isascii() for sample in terms[0].samples or ()):
        return Term(f"{terms[0].operand}.encode() | length", (0,))
    return Term(f"{terms[0].operand} | length", (0,))


def _index(terms: Sequence[Term]) -> Term:
    if not terms:
        raise Refused("index takes an argument or more")
    found = terms[0]
    for key in terms[1:]:
        if found.known(str):
            raise Refused("index of a text is one of its bytes")
        constant = key.samples[0] if key.samples and len(key.samples) == 1 else None
        if isinstance(constant, str):
            samples = field_of(found.samples, constant)
        else:
            values = elements_of(found.samples)[1]
            maps = any(isinstance(sample, dict) for sample in found.samples or ())
            samples = (*values, MISSING) if values and maps else values
        found = Term(f"{found.operand}[{key.code}]", samples, single=True)
    return found


def _slice(terms: Sequence[Term]) -> Term:
    if not 1 <= len(terms) <= 3:
        raise Refused("slice of a capacity has no counterpart")
    bounds = [term.code for term in terms[1:]] + ["", ""]
    return Term(f"{terms[0].operand}[{bounds[0]}:{bounds[1]}]", terms[0].samples, single=True)


def _print(terms: Sequence[Term]) -> Term:
    """Sprint puts a blank between two operands of which neither is a text."""
    codes = [_as_argument(terms[0]).operand] if terms else ["''"]
    for before, after in pairwise(terms):
        if before.samples is None or after.samples is None:
            raise Refused("print puts blanks by the types of its arguments, and nothing tells those here")
        if not (before.known(str) or after.known(str)):
            codes.append("' '")
        codes.append(_as_argument(after).operand)
    return Term(" ~ ".join(codes), _TEXT) if len(codes) > 1 else Term(codes[0], _TEXT, single=True)


def _println(terms: Sequence[Term]) -> Term:
    codes = " ~ ' ' ~ ".join(_as_argument(term).operand for term in terms)
    return Term(f"{codes} ~ '\\n'" if codes else "'\\n'", _TEXT)


def _printf(terms: Sequence[Term]) -> Term:
    form = terms[0].samples if terms else None
    if not form or len(form) != 1 or not isinstance(form[0], str) or terms[0].code != _quoted(form[0]):
        raise Refused("the format of printf is no constant")
    arguments = list(terms[1:])
    codes: list[str] = []

    def verb(found: re.Match[str]) -> str:
        if found["verb"] == "%":
            return "%%"
        if not arguments:
            raise Refused("printf has more verbs than arguments")
        written, code = _verb(found, arguments.pop(0))
        codes.append(code)
        return written

    pattern = _FLAGS_AND_WIDTH.sub(verb, form[0])
    if arguments:
        raise Refused("printf has more arguments than verbs")
    listed = ", ".join(codes)
    return Term(f"{_quoted(pattern)} | format({listed})" if codes else _quoted(pattern.replace("%%", "%")), _TEXT)


def _verb(found: re.Match[str], term: Term) -> tuple[str, str]:
    """The verb as Python's formatting has it, and its argument."""
    flags, width, precision, verb = found["flags"], found["width"], found["precision"] or "", found["verb"]
    if verb in "sv" and not (set(flags) & set("0# ") or (verb == "s" and "+" in flags) or precision):
        if verb == "s" and term.samples is not None and not term.known(str):
            raise Refused("printf %s of what is no text writes %!s(…)")
        return f"%{flags.replace('+', '')}{width}s", _as_argument(term).code
    if verb == "d" and (term.undefined or term.known(int)) and not precision and "#" not in flags:
        return found[0], term.code
    if verb in "xXo" and term.known(int) and not flags and not precision:
        return found[0], term.code
    if verb in "feE" and term.known(float) and "#" not in flags:
        return found[0], term.code
    if verb == "t" and term.known(bool) and not flags:
        return f"%{width}s", _as_argument(term).operand
    if verb == "q" and term.known(str) and not (flags or width or precision) and _quotes_alike(term):
        return "%s", f"{term.operand} | quote"
    raise Refused(f"printf {found[0]} of this value has no counterpart")


def _quotes_alike(term: Term) -> bool:
    return all(sample is MISSING or sample.isprintable() for sample in term.samples or ())


def _html(terms: Sequence[Term]) -> Term:
    return Term(f"{_print(terms).operand} | e", _TEXT)


def _javascript(terms: Sequence[Term]) -> Term:
    return Term(f"{LIBRARY}.js({_print(terms).code})", _TEXT, single=True)


def _query(terms: Sequence[Term]) -> Term:
    return Term(f"{_print(terms).operand} | urlencode | replace('/', '%2F') | replace('%20', '+')", _TEXT)


def _call(_: Sequence[Term]) -> Term:
    raise Refused("call takes a Go function, and vars have none")


def _count(terms: Sequence[Term], wanted: int) -> None:
    if len(terms) != wanted:
        raise Refused(f"{len(terms)} arguments where Go takes {wanted}")


FUNCTIONS: dict[str, Callable[[Sequence[Term]], Term]] = {
    "and": _joined("and"),
    "or": _joined("or"),
    "not": _not,
    "eq": _equal,
    "ne": _compared("!="),
    "lt": _compared("<"),
    "le": _compared("<="),
    "gt": _compared(">"),
    "ge": _compared(">="),
    "len": _length,
    "index": _index,
    "slice": _slice,
    "print": _print,
    "println": _println,
    "printf": _printf,
    "html": _html,
    "js": _javascript,
    "urlquery": _query,
    "call": _call,
}
