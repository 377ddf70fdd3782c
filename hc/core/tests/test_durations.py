from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hc.core.durations import LoggedPing, durations, match
from hc.core.state import Kind

START = datetime(2026, 6, 15, tzinfo=UTC)
RUNS = {"A": UUID(int=10), "B": UUID(int=11), "": None}
KINDS = {"start": Kind.START, "ok": Kind.SUCCESS, "fail": Kind.FAIL, "log": Kind.LOG}


def log(*entries: str) -> list[LoggedPing]:
    """Pings from words such as "start@0:A" (kind, minutes since START, run)."""
    pings = []
    for n, entry in enumerate(entries, 1):
        kind, rest = entry.split("@")
        minutes, _, run = rest.partition(":")
        at = START + timedelta(minutes=int(minutes))
        pings.append(LoggedPing(n, KINDS[kind], at, RUNS[run]))
    return pings


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["start@0", "ok@5"], {2: 5}),
        (["start@0", "fail@5"], {2: 5}),
        (["start@0", "log@1", "ok@5"], {3: 5}),
        (["ok@5"], {}),
        (["start@0", "ok@5", "ok@9"], {2: 5}),
        (["start@0", "start@2", "ok@5"], {3: 3}),
        (["start@0:A", "start@1:B", "ok@2:A", "ok@4:B"], {3: 2, 4: 3}),
        (["start@0:A", "ok@5"], {}),
        (["start@0:A", "ok@5", "ok@7:A"], {3: 7}),
        (["start@0", "ok@4320"], {2: 4320}),
        (["start@0", "ok@4321"], {}),
    ],
)
def test_ends_are_matched_with_starts(entries: list[str], expected: dict[int, int]) -> None:
    found = durations(log(*entries))
    assert found == {n: timedelta(minutes=m) for n, m in expected.items()}


@pytest.mark.parametrize("cut", range(7))
def test_a_log_read_in_parts_gives_the_same(cut: int) -> None:
    pings = log("start@0:A", "start@1", "log@2", "ok@3", "start@4:B", "fail@5:A", "ok@6:B")
    first = match(pings[:cut], {})
    second = match(pings[cut:], first.open_starts)
    assert {**first.found, **second.found} == durations(pings)
    assert second.open_starts == {}


def test_starts_without_an_end_stay_open() -> None:
    assert match(log("start@0:A", "start@1", "ok@2"), {}).open_starts == {RUNS["A"]: START}


def test_no_run_takes_less_than_no_time() -> None:
    assert durations(log("start@5", "ok@4")) == {}
