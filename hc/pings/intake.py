"""Taking pings in, whatever happens: into the database, or into the spool while it is away.

A ping that was taken is never lost and never stored twice. While anything waits in the spool, new
pings queue behind it, so that they reach the database in their order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from time import monotonic
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from hc.api.models import Journal
from hc.api.services.listening import Gap
from hc.lib.transactions import is_conflict
from hc.pings import writer
from hc.pings.event import Overloaded, PingEvent, Receipt
from hc.pings.spool import Attempt, Frame, Spool, SpoolFull

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
STOP_SECONDS = 5.0
REPLAY_EVENTS = 500
# The last pings of the spool are replayed while new ones wait.
FEW = 1000
# Per second and process; a burst for what came meanwhile; seconds.
RATE_WHILE_REPLAYING, BURST_WHILE_REPLAYING, LONGEST_PAUSE = 500, 1000, 5.0
Record = Callable[[Sequence[PingEvent], datetime, Mapping[str, int]], list[Receipt]]
_AWAY = (OperationalError, InterfaceError)


class Intake:
    """Safe from several threads at once, which take turns.

    `is_replayed_by_itself`: a thread waits for the database to come back; else who made the
    intake calls `replay`.
    """

    is_replayed_by_itself = True

    def __init__(
        self,
        spool: Spool,
        *,
        clock: Callable[[], datetime] = timezone.now,
        record: Record = writer.record,
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._write = record
        self._turn = threading.RLock()
        self._journal = uuid4().hex
        self._number = 0
        self._spooling = False
        self._spooling_since: datetime | None = None
        self._refused: Gap | None = None
        # Not the turn, which may take as long as the database.
        self._refusing = threading.Lock()
        self._kept = 0
        self._replaying_since: float | None = None
        self._stopped = threading.Event()
        self._replayer: threading.Thread | None = None

    @property
    def is_spooling(self) -> bool:
        return self._spooling

    @property
    def spooling_since(self) -> datetime | None:
        """When pings began to wait on disk; None while there are none."""
        return self._spooling_since if self._spooling else None

    @property
    def refused(self) -> Gap | None:
        """The time from the first to the last ping that could be kept nowhere, and was lost."""
        return self._refused

    def forget_refused(self, told: Gap) -> None:
        """What was lost in that time has been made good for; unless more was lost meanwhile."""
        with self._refusing:
            if self._refused == told:
                self._refused = None

    @property
    def waiting(self) -> int:
        """Bytes in the spool of this machine."""
        return self._spool.total()

    def start(self) -> None:
        """Take over what processes that have ended left in the spool."""
        with self._turn:
            if self._spool.files():
                self._begin_spooling()

    def stop(self) -> None:
        """Leave what waits in the spool to the next process."""
        self._stopped.set()
        if self._replayer:
            self._replayer.join(STOP_SECONDS)
        with self._turn:
            self._spool.close()

    def take(self, events: Sequence[PingEvent], attempt: Attempt | None = None) -> list[Receipt]:
        """Keep pings for good; returns when they are safe. Raises Overloaded if they cannot be.

        `attempt`: a transaction that may have stored them already.
        """
        with self._turn:
            if self._spooling or attempt:
                receipts = self._keep(events, attempt)
                self._begin_spooling()
                return receipts
            self._number += 1
            try:
                return self._record(events)
            except _AWAY as e:
                _disconnect()
                logger.warning(
                    "database away, pings go to the spool",
                    extra={"action": "spool", "reason": type(e.__cause__ or e).__name__},
                )
                receipts = self._keep(events, Attempt(self._journal, self._number))
                self._begin_spooling()
                return receipts
            except Exception:
                if len(events) == 1:
                    raise
                logger.exception("batch could not be stored; its pings are tried one by one")
            return [receipt for event in events for receipt in self._take_one(event)]

    def _take_one(self, event: PingEvent) -> list[Receipt]:
        try:
            return self.take([event])
        except Overloaded:
            raise
        except Exception:
            logger.exception("ping could not be stored", extra={"action": "ping"})
            return [Receipt.REFUSED]

    def _record(self, events: Sequence[PingEvent]) -> list[Receipt]:
        journal = {self._journal: self._number}
        try:
            return self._write(events, self._clock(), journal)
        except IntegrityError:
            # A channel was removed while a message to it was queued, say: look again.
            logger.info("batch is tried again", extra={"action": "ping"})
        except OperationalError as e:
            if not is_conflict(e):
                raise
        return self._write(events, self._clock(), journal)

    # --- The spool ----------------------------------------------------------------------------

    def _keep(self, events: Sequence[PingEvent], attempt: Attempt | None = None) -> list[Receipt]:
        self._slow_down(len(events))
        try:
            self._spool.append(events, attempt)
        except (SpoolFull, OSError) as e:
            logger.error("the spool takes no more", extra={"reason": type(e).__name__})
            self._note_refused()
            raise Overloaded from e
        return [Receipt.SPOOLED] * len(events)

    def _note_refused(self) -> None:
        now = self._clock()
        with self._refusing:
            self._refused = Gap(self._refused.started if self._refused else now, now)

    def _begin_spooling(self) -> None:
        if self._spooling or self._stopped.is_set():
            return
        self._spooling, self._spooling_since = True, self._clock()
        if not self.is_replayed_by_itself:
            return
        self._replayer = threading.Thread(target=self._replay_until_done, daemon=True)
        self._replayer.start()

    def _replay_until_done(self) -> None:
        try:
            while not self._stopped.wait(RETRY_SECONDS):
                try:
                    return self.replay()
                except _AWAY:
                    _disconnect()
                except Exception:
                    logger.exception("the spool could not be replayed", extra={"action": "replay"})
                    _disconnect()
        finally:
            connection.close()

    def replay(self) -> None:
        """Bring the spool into the database; from then on, pings go there again.

        Raises as the database does while it is away.
        """
        _positions(self._spool.files())
        self._kept, self._replaying_since = 0, monotonic()
        try:
            with self._spool.replaying():
                while replay(self._spool, self._clock) > FEW:
                    pass
                with self._turn:
                    replay(self._spool, self._clock)
                    name = self._spool.name
                    self._spool.close()
                    _finish(self._spool, name)
                    self._spooling = False
        finally:
            self._replaying_since = None
        logger.info("pings go to the database again", extra={"action": "spool"})

    def _slow_down(self, number: int) -> None:
        """While the spool is replayed, let pings come in more slowly than they go out."""
        if self._replaying_since is None:
            return
        self._kept += number
        until = self._replaying_since + (self._kept - BURST_WHILE_REPLAYING) / RATE_WHILE_REPLAYING
        time.sleep(min(max(until - monotonic(), 0), LONGEST_PAUSE))


@lru_cache(maxsize=1)
def intake() -> Intake:
    """The intake of this process."""
    folder = Path(settings.SPOOL_DIR)
    return Intake(Spool(folder, settings.SPOOL_LIMIT_MB * 1_000_000))


# --- Replay -------------------------------------------------------------------------------------


def replay(spool: Spool, clock: Callable[[], datetime]) -> int:
    """Store what waits in the files of all processes; how many pings that were.

    To be called while `spool.replaying()`. How far each file was read is stored in the
    transaction of its pings, so that a crash in between repeats nothing.
    """
    positions = _positions(spool.files())
    stored = 0
    for frames in _chunks(spool.frames(positions)):
        stored += _store(spool, frames, clock())
    for name in spool.files():
        if spool.is_abandoned(name):
            _finish(spool, name)
    if stored:
        logger.info("pings replayed", extra={"action": "replay", "count": stored})
    return stored


def _chunks(frames: Iterator[Frame]) -> Iterator[list[Frame]]:
    """Frames in their order, about REPLAY_EVENTS pings at a time."""
    count = 0

    def number(frame: Frame) -> int:
        nonlocal count
        count += len(frame.events)
        return count // REPLAY_EVENTS

    return (list(group) for _, group in groupby(frames, number))


def _store(spool: Spool, frames: Sequence[Frame], now: datetime) -> int:
    attempts = {frame.attempt.journal for frame in frames if frame.attempt}
    ends = {frame.file: frame.end for frame in frames}
    with transaction.atomic():
        done = _settled(attempts) if attempts else {}
        events = [
            event
            for frame in frames
            if not (frame.attempt and done.get(frame.attempt.journal, -1) >= frame.attempt.number)
            for event in frame.events
        ]
        try:
            with transaction.atomic():
                receipts = writer.record(events, now, ends)
        except _AWAY:
            raise
        except Exception:
            logger.exception("batch could not be replayed; its pings are tried one by one")
            receipts = [_store_one(spool, event, now) for event in events]
            writer.record([], now, ends)
    lost = receipts.count(Receipt.NOT_FOUND) + receipts.count(Receipt.AMBIGUOUS)
    if lost:
        logger.warning("pings for unknown checks", extra={"action": "replay", "count": lost})
    return len(events)


def _store_one(spool: Spool, event: PingEvent, now: datetime) -> Receipt:
    try:
        with transaction.atomic():
            return writer.record([event], now)[0]
    except _AWAY:
        raise
    except Exception:
        logger.exception("ping could not be replayed, set aside", extra={"action": "replay"})
        spool.set_aside(event)
        return Receipt.REFUSED


def _settled(journals: set[str]) -> dict[str, int]:
    """How far writers got, for good: transactions of theirs that still run are waited for."""
    rows = Journal.objects.select_for_update().filter(name__in=journals)
    return dict(rows.values_list("name", "position"))


def _finish(spool: Spool, name: str) -> None:
    """Forget a file that nobody writes any more and that is in the database as a whole."""
    if name and spool.is_read(name, _positions([name]).get(name, 0)):
        spool.remove(name)
        Journal.objects.filter(name=name).delete()


def _positions(names: Sequence[str] | set[str]) -> dict[str, int]:
    return dict(Journal.objects.filter(name__in=names).values_list("name", "position"))


# --- The connection -----------------------------------------------------------------------------


def _disconnect() -> None:
    """The next use of the database by this thread connects anew."""
    if not connection.in_atomic_block:
        connection.close()
