from __future__ import annotations

import pytest

from hc.core.calendar_words import explain


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("Mon..Fri 02:30", "at 02:30 Monday to Friday"),
        ("sat,sunday *-*-* 4:5:00", "at 04:05 on Saturday and Sunday"),
        ("*-*-01 04:00 Europe/Riga", "at 04:00 on the 1st of each month (Europe/Riga)"),
        ("*-*-1,15", "at 00:00 on the 1st and 15th of each month"),
        ("*-12-24 18:00", "at 18:00 on 24 December"),
        ("*-1,7-11", "at 00:00 on the 11th of January and July"),
        ("daily", "at 00:00 every day"),
        ("weekly UTC", "at 00:00 every Monday (UTC)"),
        ("*-*-* 00:00:00", "at 00:00 every day"),
        ("9,12,18:00", "at 09:00, 12:00 and 18:00 every day"),
        ("*:0/15", "every 15 minutes"),
        ("*:30", "every hour at minute 30"),
        ("0/6:00", "every 6 hours"),
        ("*-*-* *:*:00", "every minute"),
        ("02:00\nSun 05:00", "at 02:00 every day, or at 05:00 on Sunday"),
    ],
)
def test_usual_shapes_in_words(expression: str, words: str) -> None:
    assert explain(expression) == words


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "*-*~01",
        "2027-01-01",
        "*:0:0/10",
        "Foo 02:00",
        "02:00\n*-*~3",
        "1..5:00",
        "Mon..Tue..Fri",
    ],
)
def test_others_are_left_as_they_are(expression: str) -> None:
    assert explain(expression) is None
