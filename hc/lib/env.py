"""Reading settings from the environment: one typed table in, values and problems out.

What belongs here: the grammar of each type and the collection of *all* problems.
What does not: which settings exist (hc/config.py) and what they mean to Django
(hc/settings.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


class BadValue(Exception):
    """The text of a variable does not fit its type; the message says what is expected."""


@dataclass(frozen=True)
class Kind:
    """A type of setting: how its text is read and how it is described."""

    name: str
    parse: Callable[[str], Any]


def _bool(text: str) -> bool:
    lowered = text.lower()
    if lowered in TRUE:
        return True
    if lowered in FALSE:
        return False
    raise BadValue("True or False")


def integer(low: int, high: int) -> Kind:
    """A whole number from `low` to `high`, both included."""

    def parse(text: str) -> int:
        expected = f"a whole number from {low} to {high}"
        try:
            number = int(text)
        except ValueError:
            raise BadValue(expected) from None
        if not low <= number <= high:
            raise BadValue(expected)
        return number

    return Kind("whole number", parse)


def integer_or_none(low: int, high: int) -> Kind:
    """As `integer`, or the word None, which means "no limit"."""
    number = integer(low, high)

    def parse(text: str) -> int | None:
        if text.lower() == "none":
            return None
        try:
            return int(number.parse(text))
        except BadValue as e:
            raise BadValue(f"{e}, or None") from None

    return Kind("whole number or None", parse)


def choice(*options: str) -> Kind:
    """One of the given words, in any letter case."""

    def parse(text: str) -> str:
        if text.lower() not in options:
            raise BadValue("one of: " + ", ".join(options))
        return text.lower()

    return Kind("choice", parse)


def checked(name: str, check: Callable[[str], Any]) -> Kind:
    """Text that `check` returns in its final form, or refuses with BadValue."""
    return Kind(name, check)


TEXT = Kind("text", str)
BOOL = Kind("True or False", _bool)
LIST = Kind("comma-separated list", lambda text: [i for i in map(str.strip, text.split(",")) if i])


@dataclass(frozen=True)
class Var:
    """One setting. `default` is a value, or a function of the values read before it."""

    name: str
    kind: Kind
    default: Any
    help: str
    secret: bool = False
    example: str = ""

    @property
    def file_name(self) -> str:
        return f"{self.name}_FILE"


@dataclass
class Problem:
    """What is wrong with one setting, and the remedy."""

    name: str
    value: str
    expected: str
    example: str = ""

    def __str__(self) -> str:
        shown = f" is {self.value!r}" if self.value else " is not set"
        lines = [f"{self.name}{shown}", f"    expected: {self.expected}"]
        if self.example:
            lines.append(f"    example:  {self.name}={self.example}")
        return "\n".join(lines)


@dataclass
class Environment:
    """The values of all settings in a table, the problems, and the warnings."""

    values: dict[str, Any] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def reject(self, name: str, expected: str, example: str = "", value: str = "") -> None:
        self.problems.append(Problem(name, value, expected, example))


def read(table: Iterable[Var], environ: Mapping[str, str]) -> Environment:
    """Read every variable of `table`; an empty value counts as unset, for every type."""
    env = Environment()
    for var in table:
        text = _text_of(var, environ, env)
        if text is None:
            env.values[var.name] = var.default(env.values) if callable(var.default) else var.default
            continue
        env.given.add(var.name)
        try:
            env.values[var.name] = var.kind.parse(text)
        except BadValue as e:
            env.values[var.name] = None if callable(var.default) else var.default
            shown = "(hidden)" if var.secret else text
            env.reject(var.name, str(e), var.example, shown)
    return env


def _text_of(var: Var, environ: Mapping[str, str], env: Environment) -> str | None:
    """The text given for `var`: from the file named by NAME_FILE, else from NAME, else None."""
    path = environ.get(var.file_name, "").strip() if var.secret else ""
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as e:
            reason = e.strerror if isinstance(e, OSError) else "not UTF-8 text"
            env.reject(var.file_name, f"the path of a readable text file ({reason})", value=path)
            return None
    return environ.get(var.name, "").strip() or None


def near_misses(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Names that are probably misspelt: {"DEGUG": "DEBUG"}."""
    known = set(known)
    found = {}
    for name in sorted(set(names) - known):
        alike = [candidate for candidate in known if abs(len(candidate) - len(name)) <= 2]
        if close := get_close_matches(name, alike, n=1, cutoff=0.8):
            found[name] = close[0]
    return found
