from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import wait
from time import monotonic

import pytest

from hc.lib.crew import Crew


def test_it_does_what_it_is_given() -> None:
    crew = Crew(3, "test")
    assert sorted(f.result(5) for f in [crew.submit(pow, n, 2) for n in range(20)]) == [
        n * n for n in range(20)
    ]
    crew.close(5)
    with pytest.raises(RuntimeError):
        crew.submit(pow, 1, 1)


def test_errors_are_raised_where_the_result_is_asked_for() -> None:
    crew = Crew(1, "test")
    with pytest.raises(ZeroDivisionError):
        crew.submit(lambda: 1 // 0).result(5)
    assert crew.submit(pow, 2, 3).result(5) == 8
    crew.close(5)


def test_as_many_work_at_once_as_there_are_threads() -> None:
    crew, meeting = Crew(4, "test"), threading.Barrier(4)
    assert not wait([crew.submit(meeting.wait, 5) for _ in range(4)], 5).not_done
    crew.close(5)


def test_what_is_cancelled_is_not_begun() -> None:
    crew, gate = Crew(1, "test"), threading.Event()
    first, second = crew.submit(gate.wait, 5), crew.submit(pow, 2, 2)
    assert second.cancel()
    gate.set()
    assert first.result(5)
    crew.close(5)


def test_closing_waits_no_longer_than_it_is_told() -> None:
    crew, gate = Crew(1, "test"), threading.Event()
    crew.submit(gate.wait, 30)
    began = monotonic()
    crew.close(0.05)
    assert monotonic() - began < 5
    gate.set()


def test_a_process_ends_though_a_thread_hangs() -> None:
    script = "import time; from hc.lib.crew import Crew; Crew(1, 'x').submit(time.sleep, 60)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=20)
