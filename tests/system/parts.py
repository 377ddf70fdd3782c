"""The processes of the service, started one by one, to be killed as one likes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from tests.system.service import ROOT, STOP_SECONDS, Service

WEB = ("-m", "gunicorn", "--config", "python:hc.ops.gunicorn", "hc.asgi:application")


@dataclass
class Parts:
    """Over the data and settings of `service`, which is not started itself."""

    service: Service
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(command, cwd=ROOT, env=self.service.variables(), check=True)

    def web(self) -> subprocess.Popen[bytes]:
        return self._start(*WEB)

    def sendalerts(self) -> subprocess.Popen[bytes]:
        return self._start("manage.py", "sendalerts")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9, with all that it has started."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._running.remove(process)

    def stop(self) -> None:
        """Stop all as a supervisor would; each has ended within ten seconds."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            assert process.wait(STOP_SECONDS + 2) in (0, -signal.SIGTERM)

    def end(self, process: subprocess.Popen[bytes]) -> float:
        """Stop one as a supervisor would; seconds until it has ended."""
        began = time.monotonic()
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0
        self._running.remove(process)
        return time.monotonic() - began

    def clean_up(self) -> None:
        for process in list(self._running):
            if process.poll() is None:
                self.kill(process)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = self.service.folder / "parts.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.service.variables(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process
