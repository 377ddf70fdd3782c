"""The dispatcher over an in-memory store and transports that record what they are given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from hc.alerts import dispatcher as module
from hc.alerts.dispatcher import Dispatcher, Parcel
from hc.alerts.outbox import Attempt, Claim
from hc.api.models import Channel, Notification
from hc.integrations.base import Alert, Config, Outcome, Result, Wire, delivered

NOW = datetime(2026, 6, 15, tzinfo=UTC)
Sender = Callable[[], Awaitable[Outcome]]


class HostConfig(Config):
    host: str = "example.org"

    def destination(self) -> str:
        return self.host


@dataclass
class MemoryStore:
    parcels: list[Parcel] = field(default_factory=list)
    settled: list[Attempt] = field(default_factory=list)
    renewed: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    failures: int = 0

    async def fetch(self, limit: int, busy: Collection[int]) -> Sequence[Parcel]:
        free = [p for p in self.parcels if p.claim.id not in busy][:limit]
        self.parcels = [p for p in self.parcels if p not in free]
        return free

    async def settle(self, attempt: Attempt) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("database is away")
        self.settled.append(attempt)

    async def renew(self, claims: Sequence[Claim]) -> None:
        self.renewed = [one.id for one in claims]

    async def release(self, claims: Sequence[Claim]) -> None:
        self.released = [one.id for one in claims]

    def add(self, number: int, send: Sender, host: str = "example.org") -> None:
        async def transport(alert: Alert, config: Any, wire: Wire) -> Outcome:
            return await send()

        channel = Channel(kind="webhook")
        claim = Claim(Notification(pk=number, channel=channel), 1)
        config = HostConfig(host=host)
        parcel = Parcel(claim, cast("Alert", None), config, config.destination(), transport)
        self.parcels.append(parcel)

    def outcomes(self) -> dict[int, Outcome]:
        return {attempt.claim.id: attempt.outcome for attempt in self.settled}


async def ok() -> Outcome:
    return delivered()


async def broken() -> Outcome:
    raise ZeroDivisionError("secret in an internal error")


def dispatcher(store: MemoryStore, on_idle: Callable[[], None] = lambda: None) -> Dispatcher:
    return Dispatcher(store, cast("Wire", None), clock=lambda: NOW, on_idle=on_idle)


async def drain(subject: Dispatcher) -> None:
    while subject.busy:
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

        for number in range(module.AT_ONCE_PER_DESTINATION + 20):
            store.add(number, hang, host="dead.example.org")
        store.add(1000, ok, host="well.example.org")
        subject = dispatcher(store)
        await subject.dispatch()
        await asyncio.sleep(0.01)
        assert list(store.outcomes()) == [1000]
        gate.set()
        await drain(subject)
        assert len(store.settled) == module.AT_ONCE_PER_DESTINATION + 21

    asyncio.run(scenario())


def test_at_most_so_many_are_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)

    async def scenario() -> None:
        store = MemoryStore()
        for number in range(5):
            store.add(number, ok)
        subject = dispatcher(store)
        assert await subject.dispatch() == 2
        assert await subject.dispatch() == 0
        await drain(subject)
        assert await subject.dispatch() == 2
        await drain(subject)

    asyncio.run(scenario())


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
    assert rung == [True]


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


def test_closing_finishes_what_is_on_its_way_and_gives_the_rest_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AT_ONCE_PER_DESTINATION", 1)

    async def scenario() -> None:
        store, gate = MemoryStore(), asyncio.Event()

        async def slow() -> Outcome:
            await gate.wait()
            return delivered()

        store.add(1, slow)
        store.add(2, slow)
        subject = dispatcher(store)
        await subject.dispatch()
        await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.01, gate.set)
        await subject.close(5)
        assert store.released == [2]
        assert list(store.outcomes()) == [1]

    asyncio.run(scenario())


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
        assert (store.settled, store.released, subject.busy) == ([], [], set())

    asyncio.run(scenario())
