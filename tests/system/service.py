"""The service as an operator runs it: real processes, a data folder, a database of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.receivers import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 10


def wait_for(what: Callable[[], object], seconds: float, doing: str) -> float:
    """Poll until `what` is true; how long that took. Fails after `seconds`."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"{doing}: not within {seconds} s")
        time.sleep(0.02)
    return time.monotonic() - began


@dataclass
class Service:
    """Started by `start()`, as often as one likes, over the same data."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None
    _starts: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> str:
        return self._log_path().read_text(errors="replace")

    def start(self) -> float:
        """Run `manage.py serve`; seconds until the first answer."""
        self._starts += 1
        with self._log_path().open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=self.variables(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return wait_for(self._answers, START_SECONDS, "starting")

    def shell(self, script: str) -> str:
        """What a script prints that runs with the models of the service."""
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-v0"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.variables(),
            check=False,
            capture_output=True,
            text=True,
            input=script,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def workers(self) -> list[int]:
        """The process ids of the web workers."""
        master = re.findall(r"web started \(pid=(\d+)\)", self.log)[-1]
        found = subprocess.run(["pgrep", "-P", master], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Stop as Ctrl-C or a supervisor would; seconds until everything has ended."""
        process = self._running()
        process.send_signal(number)
        return self.wait_for_end()

    def wait_for_end(self) -> float:
        process = self._running()
        return wait_for(lambda: process.poll() is not None, STOP_SECONDS, "stopping")

    def clean_up(self) -> None:
        """End all processes, also those that a killed supervisor has left behind."""
        if not self._process:
            return
        self._process.kill()
        self._process.wait()
        for pid in map(int, re.findall(r"started \(pid=(\d+)\)", self.log)):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def kill(self, name: str) -> None:
        """kill -9 one of the processes."""
        found = re.findall(rf"{name} started \(pid=(\d+)\)", self.log)
        os.kill(int(found[-1]), signal.SIGKILL)

    def setup_link(self) -> str:
        found = re.search(r"(http://\S+/setup/\w+/)", self.log)
        assert found, self.log
        return found[1]

    def variables(self) -> dict[str, str]:
        """The environment of its processes."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ENV_FILE": "",
            "PORT": str(self.port),
            "DATA_DIR": str(self.folder / "data"),
            **self.environment,
        }

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process
        return self._process

    def _answers(self) -> bool:
        assert self._running().poll() is None, self.log
        try:
            with urlopen(f"{self.url}/ping/none", timeout=5):
                return True
        except HTTPError as e:
            return e.code == 404
        except OSError:
            return False

    def _log_path(self) -> Path:
        return self.folder / f"serve-{self._starts}.log"
