from __future__ import annotations

from datetime import datetime, timedelta

from hc.alerts.breakers import FAILURES, LONGEST_PAUSE, PAUSE, PROBES, Breakers

HOST = "hooks.example.org"


def broken(now: datetime) -> Breakers:
    breakers = Breakers()
    for _ in range(FAILURES):
        breakers.failed(HOST, now)
    return breakers


def test_a_few_failures_change_nothing(now: datetime) -> None:
    breakers = Breakers()
    for _ in range(FAILURES - 1):
        breakers.failed(HOST, now)
    assert breakers.places(HOST, 50, now) == 50
    assert breakers.next_probe(now) is None


def test_many_in_a_row_close_the_destination_for_a_while(now: datetime) -> None:
    breakers = broken(now)
    assert breakers.places(HOST, 50, now) == 0
    assert breakers.places("other.example.org", 50, now) == 50
    assert (breakers.next_probe(now), breakers.watched()) == (now + PAUSE, [HOST])


def test_after_the_pause_a_few_are_tried(now: datetime) -> None:
    breakers = broken(now)
    assert breakers.places(HOST, 50, now + PAUSE) == PROBES
    assert breakers.next_probe(now + PAUSE) is None


def test_one_that_arrives_opens_the_way(now: datetime) -> None:
    breakers = broken(now)
    breakers.answered(HOST)
    assert breakers.places(HOST, 50, now) == 50
    assert breakers.watched() == []


def test_failures_make_the_pause_longer_up_to_a_limit(now: datetime) -> None:
    breakers, at = broken(now), now
    for _ in range(9):
        at = breakers.next_probe(at) or at
        breakers.failed(HOST, at)
    assert breakers.next_probe(at) == at + LONGEST_PAUSE


def test_what_was_under_way_when_it_closed_does_not_make_the_pause_longer(now: datetime) -> None:
    breakers = broken(now)
    breakers.failed(HOST, now)
    assert breakers.next_probe(now) == now + PAUSE


def test_it_is_known_since_when_a_destination_fails(now: datetime) -> None:
    breakers, at = broken(now), now
    assert breakers.failing(now) == {HOST: now}
    for _ in range(9):
        at = breakers.next_probe(at) or at
        breakers.failed(HOST, at)
    assert breakers.failing(at) == {HOST: now}
    breakers.answered(HOST)
    assert breakers.failing(at) == {}


def test_a_time_in_which_nobody_tried_is_not_its_fault(now: datetime) -> None:
    breakers, later = broken(now), now + timedelta(hours=9)
    assert breakers.failing(later) == {}
    breakers.failed(HOST, later)
    assert breakers.failing(later) == {HOST: later}
