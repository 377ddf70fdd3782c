from __future__ import annotations

import pytest

from hc.core.keywords import Rules, kind_of_http, kind_of_mail, words
from hc.core.state import Kind

FILTER = Rules(filter_http_body=True, failure_kw="ERR", success_kw="OK, fine", start_kw="BEGIN")


def http(rules: Rules, body: bytes = b"", **more: object) -> Kind:
    values = {"method": "GET", "action": Kind.SUCCESS, "exitstatus": None} | more
    return kind_of_http(rules, body=body, **values)  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize("action", [Kind.SUCCESS, Kind.START, Kind.FAIL, Kind.LOG])
def test_without_rules_the_address_decides(action: Kind) -> None:
    assert http(Rules(), action=action) is action


@pytest.mark.parametrize(("status", "kind"), [(0, Kind.SUCCESS), (1, Kind.FAIL), (255, Kind.FAIL)])
def test_an_exit_status_decides(status: int, kind: Kind) -> None:
    assert http(Rules(), exitstatus=status) is kind


def test_post_only_ignores_other_methods_and_their_bodies() -> None:
    rules = Rules(methods="POST", filter_http_body=True, success_kw="OK")
    assert http(rules, b"OK", method="GET", action=Kind.START) is Kind.IGNORED
    assert http(rules, b"OK", method="POST") is Kind.SUCCESS


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"fineERR", Kind.FAIL),
        (b"BEGIN OK", Kind.SUCCESS),
        (b"BEGIN", Kind.START),
        (b"ok", Kind.IGNORED),
        (b"", Kind.IGNORED),
    ],
)
def test_words_in_the_body_decide_in_order(body: bytes, kind: Kind) -> None:
    assert http(FILTER, body) is kind


@pytest.mark.parametrize("more", [{"action": Kind.FAIL}, {"exitstatus": 3}, {"action": Kind.LOG}])
def test_words_replace_what_the_address_says(more: dict[str, object]) -> None:
    assert http(FILTER, b"OK", **more) is Kind.SUCCESS


def test_no_word_can_count_as_a_failure() -> None:
    rules = Rules(filter_http_body=True, success_kw="OK", filter_default_fail=True)
    assert http(rules, b"hello", action=Kind.START) is Kind.FAIL


def test_bytes_that_are_no_text_cannot_break_the_filter() -> None:
    assert http(FILTER, b"\xff\xfe OK \xe2\x82") is Kind.SUCCESS


def test_keywords_are_trimmed_and_empty_ones_dropped() -> None:
    assert words(" done , ,all well,") == ["done", "all well"]


def test_a_mail_counts_as_success_without_a_filter() -> None:
    assert kind_of_mail(Rules(failure_kw="ERR"), subject="ERR", body="ERR") is Kind.SUCCESS


@pytest.mark.parametrize(
    ("where", "subject", "body", "kind"),
    [
        ("filter_subject", "backup OK", "ERR", Kind.SUCCESS),
        ("filter_body", "ERR", "backup OK", Kind.SUCCESS),
        ("filter_subject", "", "OK", Kind.IGNORED),
    ],
)
def test_mail_is_searched_where_the_rules_say(
    where: str, subject: str, body: str, kind: Kind
) -> None:
    rules = Rules(failure_kw="ERR", success_kw="OK", **{where: True})  # type: ignore[arg-type]
    assert kind_of_mail(rules, subject=subject, body=body) is kind


def test_subject_and_body_are_searched_together() -> None:
    rules = Rules(filter_subject=True, filter_body=True, failure_kw="ERR", success_kw="OK")
    assert kind_of_mail(rules, subject="OK", body="ERR") is Kind.FAIL
