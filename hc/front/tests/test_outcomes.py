from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hc.api.models import Notification
from hc.front.outcomes import is_awaited, last_told, ordinal, outcome, without_groups

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=3)


@pytest.mark.parametrize(
    ("columns", "words", "last"),
    [
        ({"state": "queued"}, "not told yet", "being told"),
        ({"state": "sending", "attempts": 1}, "being told", "being told"),
        ({"state": "sending", "attempts": 2}, "being told, 2nd try", "being told, 2nd try"),
        (
            {"state": "queued", "attempts": 2, "error": "Boom", "due": LATER},
            "Boom; try 3 at 12:00:03",
            "Boom; try 3 at 12:00:03",
        ),
        ({"state": "sent", "attempts": 1, "settled": LATER}, "told in 3.0 s", "told 12:00"),
        (
            {"state": "sent", "attempts": 3, "settled": LATER},
            "told in 3.0 s, at the 3rd try",
            "told 12:00",
        ),
        ({"state": "failed", "attempts": 1, "error": "Boom"}, "could not be told: Boom", "Boom"),
        (
            {"state": "failed", "attempts": 2, "error": "Boom"},
            "could not be told: Boom (2 tries)",
            "Boom",
        ),
        ({"state": "dropped", "error": "Off"}, "not told: Off", "Off"),
    ],
)
def test_what_came_of_a_message_in_words(columns: dict[str, object], words: str, last: str) -> None:
    message = Notification(created=NOW, **columns)
    assert outcome(message, UTC) == words
    assert last_told(message, UTC, NOW) == last


def test_the_members_of_a_group_speak_for_it() -> None:
    group, other = Notification(pk=1), Notification(pk=2)
    member = Notification(pk=3, group=group)
    assert without_groups([group, other, member]) == [other, member]
    assert without_groups([group]) == [group]


def test_a_test_message_is_awaited_for_a_while() -> None:
    test = Notification(created=NOW, state="queued")
    assert is_awaited(test, LATER)
    assert not is_awaited(test, NOW + timedelta(seconds=30))
    test.state = "sent"
    assert not is_awaited(test, LATER)


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th")
    ]
