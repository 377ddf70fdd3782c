from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hc.core.state import Kind
from hc.pings.event import MailText, PingEvent, SlugAddress
from hc.pings.spool import Attempt, Spool, SpoolFull
from tests.factories import ping_event, seconds

NOW = datetime.fromisoformat("2026-06-15T12:00:00.000001+00:00")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", 1_000_000)


def events_in(spool: Spool) -> list[PingEvent]:
    return [event for frame in spool.frames({}) for event in frame.events]


EVENTS = st.builds(
    PingEvent,
    target=st.uuids() | st.builds(SlugAddress, st.text(), st.text(), st.booleans()),
    received=st.just(NOW),
    action=st.sampled_from(Kind),
    exitstatus=st.none() | st.integers(0, 255),
    rid=st.none() | st.uuids(),
    scheme=st.text(),
    method=st.text(),
    remote_addr=st.none() | st.ip_addresses().map(str),
    ua=st.text(),
    body=st.binary(),
    mail=st.none() | st.builds(MailText, st.text(), st.text()),
    spooled=st.just(True),
)


@given(event=EVENTS)
def test_a_ping_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, event: PingEvent
) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool"), 10_000_000)
    spool.append([event])
    assert events_in(spool) == [event]
    spool.close()


def test_batches_of_several_processes_come_out_in_the_order_of_their_times(tmp_path: Path) -> None:
    one, other = Spool(tmp_path, 10_000), Spool(tmp_path, 10_000)
    codes = [uuid4() for _ in range(4)]
    for i, code in enumerate(codes):
        (one, other)[i % 2].append([ping_event(code, NOW + seconds(i))])
    assert [event.target for event in events_in(one)] == codes


def test_what_was_read_does_not_come_again(spool: Spool) -> None:
    spool.append([ping_event(uuid4(), NOW)])
    (first,) = spool.frames({})
    assert spool.is_read(first.file, first.end)
    spool.append([ping_event(uuid4(), NOW)], Attempt("journal", 7))
    (second,) = spool.frames({first.file: first.end})
    assert second.attempt == Attempt("journal", 7)
    assert not spool.is_read(first.file, first.end)


@pytest.mark.parametrize("lost", [1, 5, 20])
def test_a_torn_end_is_ignored(tmp_path: Path, lost: int) -> None:
    """The machine crashed while the frame was written: its pings were never answered."""
    spool = Spool(tmp_path, 10_000)
    spool.append([ping_event(uuid4(), NOW)])
    whole = spool.size
    spool.append([ping_event(uuid4(), NOW)])
    path = tmp_path / spool.name
    path.write_bytes(path.read_bytes()[: spool.size - lost])
    assert [frame.end for frame in spool.frames({})] == [whole]


def test_a_damaged_frame_is_not_believed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append([ping_event(uuid4(), NOW)])
    path = tmp_path / spool.name
    path.write_bytes(path.read_bytes().replace(b"success", b"failure"))
    assert events_in(spool) == []


def test_the_limit_is_that_of_all_files_together(tmp_path: Path) -> None:
    one, other = Spool(tmp_path, 1_000), Spool(tmp_path, 1_000)
    one.append([ping_event(uuid4(), NOW, body=b"x" * 300)])
    with pytest.raises(SpoolFull):
        other.append([ping_event(uuid4(), NOW, body=b"x" * 300)])
    assert one.total() <= 1_000
    assert len(events_in(one)) == 1


def test_a_file_is_abandoned_once_its_process_has_closed_it(spool: Spool) -> None:
    spool.append([ping_event(uuid4(), NOW)])
    name = spool.name
    assert not spool.is_abandoned(name)
    spool.close()
    assert spool.is_abandoned(name)
    spool.remove(name)
    assert spool.files() == []


def test_the_files_are_ours_alone(spool: Spool, tmp_path: Path) -> None:
    spool.append([ping_event(uuid4(), NOW)])
    modes = [
        p.stat().st_mode & 0o777 for p in (tmp_path / "spool", tmp_path / "spool" / spool.name)
    ]
    assert modes == [0o700, 0o600]
