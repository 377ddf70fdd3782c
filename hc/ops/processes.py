"""The processes of the service, run by honcho from the Procfile."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from honcho import environ as procfile
from honcho import manager
from honcho.printer import Printer

STOP_SECONDS = 9

DEVELOPMENT = {"web": 'exec "$PYTHON" manage.py runserver "$HOST:$PORT"'}


def run(
    folder: Path,
    environment: Mapping[str, str],
    *,
    without: Collection[str] = (),
    development: bool = False,
) -> int:
    """Start every process of the Procfile in `folder`, but for some, and wait; the exit status.

    A signal stops all of them, and the end of one is the end of all: who started us starts us
    again. What does not stop in time is killed.
    """
    manager.KILL_WAIT = STOP_SECONDS
    commands = procfile.parse_procfile((folder / "Procfile").read_text()).processes
    if development:
        commands = commands | DEVELOPMENT
    supervisor = manager.Manager(Printer(sys.stdout, colour=sys.stdout.isatty()))
    for name, command in commands.items():
        if name in without:
            continue
        variables = {**os.environ, **environment, "PYTHON": sys.executable}
        supervisor.add_process(name, command, env=variables, cwd=str(folder))
    supervisor.loop()
    status = supervisor.returncode or 0
    # Being told to stop is no failure.
    return 0 if status in (130, 143) else int(status)
