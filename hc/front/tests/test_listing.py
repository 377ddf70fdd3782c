"""Choosing from a project's checks: filters, order, pages. No database."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from hc.front.listing import PAGE, Chosen, Entry, Wanted, choose, matching_ids

HOUR = timedelta(hours=1)
NOW = datetime.fromisoformat("2026-06-15T12:00:00+00:00")


def entry(number: int, name: str = "", **more: object) -> Entry:
    facts: dict[str, object] = {
        "id": number,
        "code": UUID(int=number),
        "name": name,
        "slug": "",
        "tags": "",
        "status": "new",
        "due": None,
        "alert_after": None,
        "last_start": None,
        "grace": HOUR,
        "last_ping": None,
        "last_duration": None,
        "created": NOW - HOUR + timedelta(seconds=number),
    }
    return Entry(**(facts | more))  # type: ignore[arg-type]


DOWN = entry(1, "Zebra", status="down")
LATE = entry(
    2, "yak", status="up", due=NOW - HOUR / 2, alert_after=NOW + HOUR / 2, tags="farm prod"
)
RUNNING = entry(3, "Ape 10", status="up", last_start=NOW - HOUR / 4, tags="zoo")
UP = entry(4, "ape 9", status="up", due=NOW + HOUR, last_ping=NOW - HOUR, tags="zoo prod")
NEW = entry(5, "", slug="new-one")
ALL = [DOWN, LATE, RUNNING, UP, NEW]


def asked(query: str = "", *, sort: str = "created", down_first: bool = True) -> Wanted:
    return Wanted.of(QueryDict(query), sort=sort, down_first=down_first)


def ids(query: str = "", **more: object) -> list[int]:
    return choose(ALL, asked(query, **more), NOW).ids  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("status=down", [1]),
        ("status=started", [3]),
        ("status=up&status=grace", [2, 4]),
        ("status=nonsense", [1, 2, 3, 4, 5]),
        ("tag=zoo", [3, 4]),
        ("tag=zoo&tag=prod", [4]),
        ("tag=ZOO", []),
        ("search=APE", [3, 4]),
        ("search=+ape++9+", [4]),
        ("search=NEW-ONE", [5]),
        ("search=00000000-0000-0000-0000-000000000002", [2]),
        ("tag=zoo&status=up&search=ape", [4]),
    ],
)
def test_filters_combine(query: str, found: list[int]) -> None:
    assert ids(query) == found


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("created", [1, 2, 3, 4, 5]),
        ("name", [4, 3, 5, 2, 1]),  # numbers by their value; a slug stands for a name
        ("-name", [1, 2, 5, 3, 4]),
        ("last_ping", [4, 1, 2, 3, 5]),
        ("next", [2, 4, 1, 3, 5]),
        ("nonsense", [1, 2, 3, 4, 5]),
    ],
)
def test_the_order_is_the_one_that_was_asked_for(sort: str, found: list[int]) -> None:
    assert ids(sort=sort, down_first=False) == found
    assert ids(f"sort={sort}", down_first=False) == found


def test_problems_come_first_whatever_the_order() -> None:
    assert ids(sort="name") == [1, 2, 3, 4, 5]


def test_counters_and_tags_are_those_of_all_checks() -> None:
    chosen = choose(ALL, asked("status=down"), NOW)
    assert chosen.counters == {"down": 1, "grace": 1, "running": 1, "up": 1, "new": 1}
    assert chosen.tags == {"farm": "grace", "prod": "grace", "zoo": ""}
    assert (chosen.total, chosen.matching) == (5, 1)


def test_long_lists_come_in_pages() -> None:
    many = [entry(number, f"{number}") for number in range(1, 2 * PAGE + 6)]

    def page(number: str) -> Chosen:
        return choose(many, asked(f"page={number}"), NOW)

    assert page("1").ids == list(range(1, PAGE + 1))
    assert (page("2").first, page("2").last, page("2").pages) == (PAGE + 1, 2 * PAGE, 3)
    assert page("3").ids == list(range(2 * PAGE + 1, 2 * PAGE + 6))
    assert page("99").page == 3  # what is beyond the end is the end
    assert page("0").page == page("x").page == page("1e9").page == 1
    assert len(matching_ids(many, asked("page=2"), NOW)) == 2 * PAGE + 5


def test_an_address_says_what_is_asked_for() -> None:
    wanted = asked("tag=a%26b&status=started&search=x+y&page=3")
    assert wanted.address() == "?tag=a%26b&status=started&search=x+y"
    assert wanted.address(page=4).endswith("&page=4")
    assert wanted.toggled(tag="a&b") == "?status=started&search=x+y"
    assert wanted.toggled(status="down") == "?tag=a%26b&status=started&status=down&search=x+y"
    assert asked().address() == "?"


@given(st.text(max_size=300))
def test_any_query_is_an_answer(text: str) -> None:
    chosen = choose(ALL, asked(QueryDict(f"search={text}&tag={text}&page={text}").urlencode()), NOW)
    assert set(chosen.ids) <= {1, 2, 3, 4, 5}
