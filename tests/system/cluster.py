"""A PostgreSQL server of one's own, to be stopped and killed as one likes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg2


@dataclass
class Cluster:
    folder: Path
    binaries: Path
    port: int
    as_user: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """How the service reaches it."""
        return {
            "DB": "postgres",
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(self.port),
            "DB_NAME": "postgres",
        }

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self._pg_ctl("start", "-o", options, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        self._pg_ctl("stop", "-m", "fast")

    def crash(self) -> None:
        """As after a power failure: what was not synced is gone."""
        self._pg_ctl("restart", "-m", "immediate", "-l", str(self.folder / "log"))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It neither answers nor hangs up meanwhile."""
        master = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(master, signal.SIGSTOP)  # it starts no others from here on
        found = subprocess.run(["pgrep", "-P", str(master)], capture_output=True, check=True)
        others = [int(pid) for pid in found.stdout.split()]
        _tell(others, signal.SIGSTOP)
        try:
            yield
        finally:
            _tell([*others, master], signal.SIGCONT)

    def connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname="postgres"
        )

    def _pg_ctl(self, *arguments: str) -> None:
        command = [*self.as_user, str(self.binaries / "pg_ctl"), "-D", str(self.folder / "data")]
        done = subprocess.run(
            [*command, "-w", *arguments],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running server. PostgreSQL refuses to run as root: there, it runs as its own user."""
    folder = Path(tempfile.mkdtemp(prefix="hc-postgres-"))
    as_user: tuple[str, ...] = ()
    if os.getuid() == 0:
        as_user = ("runuser", "-u", "postgres", "--")
        shutil.chown(folder, "postgres")
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"))
    initdb = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "postgres"]
    subprocess.run([*as_user, *initdb, "-A", "trust"], check=True, stdout=subprocess.DEVNULL)
    # Below the ports that the kernel gives to clients: one of them could take it meanwhile.
    port = next(port for port in range(21_000, 31_000) if _is_free(port))
    server = Cluster(folder, binaries, port, as_user)
    server.start()
    try:
        yield server
    finally:
        subprocess.run(
            [
                *as_user,
                str(binaries / "pg_ctl"),
                "-D",
                str(folder / "data"),
                "-m",
                "immediate",
                "stop",
            ],
            check=False,
            stdout=subprocess.DEVNULL,
        )
        shutil.rmtree(folder)


def _tell(processes: list[int], number: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(pid, number)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
