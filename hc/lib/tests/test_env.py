from __future__ import annotations

from pathlib import Path

import pytest

from hc.lib.env import BOOL, LIST, TEXT, Var, choice, integer, integer_or_none, near_misses, read

NAME = Var("NAME", TEXT, "default", "A name.")
FLAG = Var("FLAG", BOOL, True, "A flag.")
ITEMS = Var("ITEMS", LIST, lambda _: [], "Items.")
PORT = Var("PORT", integer(1, 65535), 8000, "A port.", example="8080")
LIMIT = Var("LIMIT", integer_or_none(0, 100), 10, "A limit.")
COLOUR = Var("COLOUR", choice("red", "blue"), "red", "A colour.")
SECRET = Var("SECRET", TEXT, "", "A secret.", secret=True)
NUMBER = Var("NUMBER", integer(1, 9), lambda v: v["PORT"] % 10, "Derived.", secret=True)


def value(var: Var, text: str) -> object:
    env = read([var], {var.name: text})
    assert not env.problems
    return env[var.name]


@pytest.mark.parametrize("text", ["1", "true", "True", "YES", "on"])
def test_true(text: str) -> None:
    assert value(FLAG, text) is True


@pytest.mark.parametrize("text", ["0", "false", "No", "off"])
def test_false(text: str) -> None:
    assert value(FLAG, text) is False


@pytest.mark.parametrize(
    ("var", "text", "expected"),
    [
        (NAME, "  x y ", "x y"),
        (ITEMS, " a, b ,,c", ["a", "b", "c"]),
        (PORT, "80", 80),
        (LIMIT, "None", None),
        (LIMIT, "100", 100),
        (COLOUR, "BLUE", "blue"),
    ],
)
def test_values(var: Var, text: str, expected: object) -> None:
    assert value(var, text) == expected


@pytest.mark.parametrize("var", [NAME, FLAG, ITEMS, PORT, LIMIT, COLOUR])
def test_an_empty_value_is_unset_for_every_type(var: Var) -> None:
    env = read([var], {var.name: "  "})
    default = var.default({}) if callable(var.default) else var.default
    assert (env[var.name], env.problems, env.given) == (default, [], set())


def test_a_default_may_follow_from_other_values() -> None:
    assert read([PORT, NUMBER], {"PORT": "8123"})["NUMBER"] == 3


@pytest.mark.parametrize(
    ("var", "text", "expected"),
    [
        (FLAG, "maybe", "True or False"),
        (PORT, "0", "a whole number from 1 to 65535"),
        (PORT, "8o", "a whole number from 1 to 65535"),
        (LIMIT, "101", "a whole number from 0 to 100, or None"),
        (COLOUR, "green", "one of: red, blue"),
    ],
)
def test_a_bad_value_is_a_problem_with_its_remedy(var: Var, text: str, expected: str) -> None:
    (problem,) = read([var], {var.name: text}).problems
    assert (problem.name, problem.value, problem.expected) == (var.name, text, expected)
    assert str(problem).startswith(f"{var.name} is {text!r}\n    expected: {expected}")


def test_all_problems_are_found_at_once() -> None:
    env = read([FLAG, PORT, COLOUR], {"FLAG": "x", "PORT": "x", "COLOUR": "x"})
    assert [p.name for p in env.problems] == ["FLAG", "PORT", "COLOUR"]
    assert "example:  PORT=8080" in str(env.problems[1])


def test_a_secret_is_not_shown() -> None:
    env = read([PORT, NUMBER], {"NUMBER": "geheim"})
    assert "geheim" not in str(env.problems[0])
    assert env["NUMBER"] is None


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(" from file \n")
    assert read([SECRET], {"SECRET_FILE": str(path), "SECRET": "plain"})["SECRET"] == "from file"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_read_is_a_problem(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    (problem,) = read([SECRET], {"SECRET_FILE": str(path)}).problems
    assert (problem.name, problem.value) == ("SECRET_FILE", str(path))


def test_only_secrets_are_read_from_files() -> None:
    assert read([NAME], {"NAME_FILE": "/nowhere"})["NAME"] == "default"


def test_a_required_value_that_is_missing() -> None:
    env = read([NAME], {})
    env.reject("NAME", "a name", "Joe")
    assert str(env.problems[0]) == "NAME is not set\n    expected: a name\n    example:  NAME=Joe"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("DEGUG", "DEBUG"), ("EMAIL_HOTS", "EMAIL_HOST"), ("AWS_CA_BUNDLE", None), ("HOME", None)],
)
def test_misspelt_names_are_noticed(name: str, meant: str | None) -> None:
    known = ["DEBUG", "EMAIL_HOST", "CA_BUNDLE", "HOST"]
    assert near_misses([name, "DEBUG"], known) == ({name: meant} if meant else {})
