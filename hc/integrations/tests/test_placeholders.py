from __future__ import annotations

from dataclasses import replace

import pytest

from hc.integrations import placeholders
from tests.alerts import CHECK, CODE, DOWN, named


def body(template: str, alert: object = DOWN) -> str:
    return placeholders.in_body(template, placeholders.values(alert))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$CODE", str(CODE)),
        ("$STATUS", "down"),
        ("$NOW", "2026-06-15T12:00:30+00:00"),
        ("$NAME $NAME_JSON", 'Nightly backup "Nightly backup"'),
        ("$SLUG", "nightly-backup"),
        ("$TAGS|$TAG1|$TAG2|$TAG3", "db prod|db|prod|$TAG3"),
        ("$DESC $DESC_JSON", 'See run book. "See run book."'),
        ("$JSON", '{"name": "Nightly backup", "status": "down"}'),
        ("$PROJECT $PROJECT_JSON", 'Production "Production"'),
        ("$EXITSTATUS $REASON", "3 fail"),
        ("$UNIQUE_KEY", "a" * 40),
        ("$NOTIFICATION_ID", str(DOWN.id)),
        ("$DETAILS_URL", DOWN.link),
        ("$$NAME", "$Nightly backup"),
        ("$NAMEX ${NAME} $name $", "Nightly backupX ${NAME} $name $"),
    ],
)
def test_each_placeholder(template: str, expected: str) -> None:
    assert body(template) == expected


def test_the_longest_name_counts() -> None:
    alert = replace(DOWN, check=replace(CHECK, tags=tuple(f"t{i}" for i in range(1, 12))))
    assert body("$TAG1 $TAG10 $TAG11", alert) == "t1 t10 t11"


def test_values_are_not_read_again() -> None:
    assert body("$NAME", named(DOWN, "$CODE $STATUS")) == "$CODE $STATUS"


def test_without_a_ping_there_is_no_exit_status() -> None:
    assert body("$EXITSTATUS[$BODY]", replace(DOWN, last_ping=None)) == "-1[]"


def test_bodies_stay_out_of_urls_and_headers() -> None:
    known = placeholders.values(DOWN)
    assert placeholders.in_url("$BODY_JSON/$BODY", known) == "$BODY_JSON/$BODY"
    assert placeholders.in_header("$BODY", known) == "$BODY"
