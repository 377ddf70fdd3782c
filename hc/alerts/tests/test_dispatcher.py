"""The dispatcher over an in-memory store and sendings that record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hc.alerts import breakers, room
from hc.alerts import dispatcher as module
from hc.alerts.dispatcher import Dispatcher, Parcel, Space
from hc.alerts.leases import Attempt, Claim
from hc.api.models import Notification
from hc.integrations.base import Outcome, Result, delivered, retry

NOW = datetime(2026, 6, 15, tzinfo=UTC)
Sender = Callable[[], Coroutine[Any, Any, Outcome]]
Message = Parcel[Notification]


@dataclass
class MemoryStore:
    parcels: list[Message] = field(default_factory=list)
    settled: list[Attempt[Notification]] = field(default_factory=list)
    renewed: list[int] = field(default_factory=list)
    spaces: list[Space] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    failures: int = 0
    due: datetime | None = None
    failing: Mapping[str, datetime] = field(default_factory=dict)

    async def fetch(self, space: Space) -> Sequence[Message]:
        self.spaces.append(space)
        fitting: list[Message] = []
        for parcel in self.parcels:
            there = sum(p.destination == parcel.destination for p in fitting)
            places = space.places.get(parcel.destination, space.usual)
            if there < places and len(fitting) < space.limit:
                fitting.append(parcel)
        self.parcels = [p for p in self.parcels if p not in fitting]
        return fitting

    async def settle(self, attempts: Sequence[Attempt[Notification]]) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("database is away")
        self.settled += attempts

    async def renew(self, claims: Sequence[Claim[Notification]]) -> None:
        self.renewed = [one.id for one in claims]

    async def release(self, claims: Sequence[Claim[Notification]]) -> None:
        self.released += [one.id for one in claims]

    async def expire(self, failing: Mapping[str, datetime]) -> None:
        self.failing = failing

    async def next_due(self, space: Space) -> datetime | None:
        return self.due

    def add(self, number: int, send: Sender, host: str = "example.org") -> None:
        self.parcels.append(Parcel([claim(number)], send, host, "webhook"))

    def outcomes(self) -> dict[int, Outcome]:
        return {attempt.claim.id: attempt.outcome for attempt in self.settled}


def claim(number: int) -> Claim[Notification]:
    return Claim(Notification(pk=number), 1)


async def ok() -> Outcome:
    return delivered()


async def broken() -> Outcome:
    raise ZeroDivisionError("secret in an internal error")


async def busy_elsewhere() -> Outcome:
    return retry("no answer")


def dispatcher(
    store: MemoryStore,
    on_idle: Callable[[], None] = lambda: None,
    clock: Callable[[], datetime] = lambda: NOW,
) -> Dispatcher[Notification]:
    return Dispatcher(store, clock=clock, on_idle=on_idle)


async def drain(subject: Dispatcher[Notification]) -> None:
    while subject.space.busy:
        await asyncio.sleep(0)


def test_each_message_is_sent_and_settled() -> None:
    async def scenario() -> None:
        store = MemoryStore()
        for number in range(3):
            store.add(number, ok)
        subject = dispatcher(store)
        assert await subject.dispatch() == 3
        await drain(subject)
        assert {o.result for o in store.outcomes().values()} == {Result.DELIVERED}
        assert store.settled[0].started == NOW

    asyncio.run(scenario())


def test_an_error_in_a_transport_is_recorded_for_its_message_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        store = MemoryStore()
        store.add(1, broken)
        store.add(2, ok)
        subject = dispatcher(store)
        await subject.dispatch()
        await drain(subject)
        outcomes = store.outcomes()
        assert outcomes[1].result is Result.FAILED
        assert "secret" not in outcomes[1].error
        assert outcomes[2].result is Result.DELIVERED

    asyncio.run(scenario())
    assert "ZeroDivisionError" in caplog.text


def test_an_attempt_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_SEND", 0.01)

    async def hang() -> Outcome:
        await asyncio.sleep(60)
        return delivered()

    async def scenario() -> None:
        store = MemoryStore()
        store.add(1, hang)
        subject = dispatcher(store)
        await subject.dispatch()
        await asyncio.wait_for(drain(subject), 5)
        assert store.outcomes()[1] == Outcome(Result.RETRY, "The attempt took too long")

    asyncio.run(scenario())


def test_one_destination_that_hangs_does_not_hold_up_the_others() -> None:
    async def scenario() -> None:
        store, gate = MemoryStore(), asyncio.Event()

        async def hang() -> Outcome:
            await gate.wait()
            return delivered()

        most = room.SEATS_PER_DESTINATION + module.AHEAD
        for number in range(most + 20):
            store.add(number, hang, host="dead.example.org")
        store.add(1000, ok, host="well.example.org")
        subject = dispatcher(store)
        assert await subject.dispatch() == most + 1
        assert await subject.dispatch() == 0
        while not store.settled:
            await asyncio.sleep(0)
        assert list(store.outcomes()) == [1000]
        gate.set()
        await drain(subject)
        assert len(store.settled) == most + 1
        assert await subject.dispatch() == 20
        await drain(subject)

    asyncio.run(scenario())


def test_what_takes_long_gives_up_its_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SLOW_SECONDS", 0.01)
    monkeypatch.setattr(room, "SEATS", 1)
    rung = asyncio.Event()

    async def scenario() -> None:
        store, gate = MemoryStore(), asyncio.Event()

        async def hang() -> Outcome:
            await gate.wait()
            return delivered()

        store.add(1, hang)
        store.add(2, ok)
        subject = dispatcher(store, rung.set)
        assert await subject.dispatch() == 1
        assert await subject.next_moment() is None  # the bell will ring
        assert await subject.dispatch() == 0
        await asyncio.wait_for(rung.wait(), 5)
        assert await subject.dispatch() == 1
        gate.set()
        await drain(subject)
        assert set(store.outcomes()) == {1, 2}

    asyncio.run(scenario())


def test_a_destination_that_fails_all_the_time_is_left_alone_and_tried_again() -> None:
    async def scenario() -> None:
        now = [NOW]
        store = MemoryStore()
        for number in range(breakers.FAILURES):
            store.add(number, busy_elsewhere)
        subject = dispatcher(store, clock=lambda: now[0])
        await subject.dispatch()
        await drain(subject)
        store.add(100, ok)
        await subject.expire()
        assert store.failing == {"example.org": NOW}
        assert await subject.dispatch() == 0
        assert await subject.next_moment() == NOW + breakers.PAUSE
        now[0] += breakers.PAUSE
        assert await subject.dispatch() == 1
        await drain(subject)
        assert subject.space.places == {}

    asyncio.run(scenario())


def test_messages_of_one_parcel_share_its_outcome() -> None:
    async def scenario() -> None:
        store = MemoryStore([Parcel([claim(1), claim(2)], ok, "example.org", "email")])
        subject = dispatcher(store)
        await subject.dispatch()
        await drain(subject)
        assert set(store.outcomes()) == {1, 2}

    asyncio.run(scenario())


def test_it_looks_again_when_something_is_due() -> None:
    subject = dispatcher(MemoryStore(due=NOW + timedelta(seconds=5)))
    assert asyncio.run(subject.next_moment()) == NOW + timedelta(seconds=5)


def test_an_outcome_is_stored_again_and_again_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SETTLE_AGAIN_SECONDS", 0)

    async def scenario() -> None:
        store = MemoryStore(failures=3)
        store.add(1, ok)
        subject = dispatcher(store)
        await subject.dispatch()
        await asyncio.wait_for(drain(subject), 5)
        assert [a.claim.id for a in store.settled] == [1]

    asyncio.run(scenario())


def test_the_end_of_a_message_rings() -> None:
    rung: list[bool] = []

    async def scenario() -> None:
        store = MemoryStore()
        store.add(1, ok)
        subject = dispatcher(store, lambda: rung.append(True))
        await subject.dispatch()
        await drain(subject)

    asyncio.run(scenario())
    assert rung


def test_leases_of_all_messages_in_flight_are_renewed() -> None:
    async def scenario() -> None:
        store, gate = MemoryStore(), asyncio.Event()

        async def hang() -> Outcome:
            await gate.wait()
            return delivered()

        store.add(7, hang)
        subject = dispatcher(store)
        await subject.renew()
        assert store.renewed == []
        await subject.dispatch()
        await subject.renew()
        assert store.renewed == [7]
        gate.set()
        await drain(subject)

    asyncio.run(scenario())


def test_closing_finishes_what_is_on_its_way() -> None:
    async def scenario() -> None:
        store, gate = MemoryStore(), asyncio.Event()

        async def slow() -> Outcome:
            await gate.wait()
            return delivered()

        store.add(1, slow)
        subject = dispatcher(store)
        await subject.dispatch()
        asyncio.get_running_loop().call_later(0.01, gate.set)
        await subject.close(5)
        assert list(store.outcomes()) == [1]
        assert store.released == []

    asyncio.run(scenario())


def test_closing_gives_back_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SEATS_PER_DESTINATION", 1)

    async def scenario() -> None:
        store, gate = MemoryStore(), asyncio.Event()

        async def slow() -> Outcome:
            await gate.wait()
            return delivered()

        store.add(1, slow)
        store.add(2, slow)
        subject = dispatcher(store)
        await subject.dispatch()
        asyncio.get_running_loop().call_later(0.01, gate.set)
        await subject.close(5)
        assert store.released == [2]
        assert list(store.outcomes()) == [1]
        assert await subject.dispatch() == 0

    asyncio.run(scenario())


def test_what_waits_for_a_destination_that_is_left_alone_is_given_back() -> None:
    async def scenario() -> None:
        store = MemoryStore()
        for number in range(room.SEATS_PER_DESTINATION + 100):
            store.add(number, busy_elsewhere)
        subject = dispatcher(store)
        await subject.dispatch()
        await drain(subject)
        assert len(store.released) >= 10

    asyncio.run(scenario())


def test_outcomes_that_cannot_be_stored_are_logged_and_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(MemoryStore):
        async def settle(self, attempts: Sequence[Attempt[Notification]]) -> None:
            raise ValueError("no such thing")

    async def scenario() -> None:
        store = Broken()
        store.add(1, ok)
        subject = dispatcher(store)
        await subject.dispatch()
        await asyncio.wait_for(drain(subject), 5)

    asyncio.run(scenario())
    assert "outcomes cannot be stored" in caplog.text


def test_closing_leaves_what_hangs_to_its_lease() -> None:
    async def scenario() -> None:
        store = MemoryStore()

        async def hang() -> Outcome:
            await asyncio.sleep(60)
            return delivered()

        store.add(1, hang)
        subject = dispatcher(store)
        await subject.dispatch()
        await asyncio.sleep(0.01)
        await subject.close(0.05)
        assert (store.settled, subject.space.busy) == ([], set())

    asyncio.run(scenario())


def test_closing_does_not_wait_for_a_store_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "SEATS_PER_DESTINATION", 1)

    class Hanging(MemoryStore):
        async def release(self, claims: Sequence[Claim[Notification]]) -> None:
            await asyncio.sleep(60)

        async def settle(self, attempts: Sequence[Attempt[Notification]]) -> None:
            await asyncio.sleep(60)

    async def scenario() -> None:
        store = Hanging()
        for number in range(3):
            store.add(number, ok if number == 0 else busy_elsewhere)
        subject = dispatcher(store)
        await subject.dispatch()
        await asyncio.wait_for(subject.close(0.05), 5)

    asyncio.run(scenario())
