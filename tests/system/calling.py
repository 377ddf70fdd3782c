"""The web process of the service over a database of its own, and calls to it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.system.parts import Parts
from tests.system.service import START_SECONDS, Service, wait_for

# What pages need; `manage.py serve` does it at its start.
ASSETS = "from hc.ops import assets\nassets.prepare()\n"


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """Each byte as one character."""
        return self.body.decode("latin-1")

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Web:
    """`words`: what the database holds, by name."""

    service: Service
    parts: Parts
    words: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request on a connection of its own. `body`: bytes as they are, an iterator of them in
        chunks, anything else as JSON."""
        connection = http.client.HTTPConnection("localhost", self.service.port, timeout=30)
        if not (body is None or isinstance(body, bytes | Iterator)):
            body = json.dumps(body).encode()
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def get(self, path: str, key: str = "") -> Answer:
        return self.call("GET", path, headers=_key(key))

    def post(self, path: str, body: Any, key: str = "") -> Answer:
        return self.call("POST", path, body, _key(key))

    def start(self) -> None:
        """Start a web process, and wait until it answers."""
        self.parts.web()
        wait_for(self._answers, START_SECONDS, "starting")

    def _answers(self) -> bool:
        try:
            return self.get("/-/live").status == 200
        except OSError:
            time.sleep(0.05)
            return False


@contextmanager
def web(folder: Path, environment: Mapping[str, str], prepare: str) -> Iterator[Web]:
    """Running over a new database. `prepare`: a script that prints a JSON object of words."""
    service = Service(folder, {"WEB_WORKERS": "2", "LOG_LEVEL": "warning", **environment})
    running = Web(service, Parts(service))
    running.parts.migrate()
    running.words = json.loads(service.shell(ASSETS + prepare)) | {"site": service.url}
    try:
        running.start()
        yield running
    finally:
        running.parts.clean_up()


def chunks(*parts: bytes) -> Iterable[bytes]:
    """A body whose length is not told in advance."""
    return iter(parts)


def _key(key: str) -> dict[str, str]:
    return {"X-Api-Key": key} if key else {}
