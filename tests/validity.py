"""Whether HTML is valid: what the server sends, and what scripts make of it in a page.

html-validate does the judging (tests/tools/validity); the browser suite asks it about every
document, every fragment and every state of a page that a test looks at.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import IO

from django.http import HttpRequest, HttpResponse

FOLDER = Path(__file__).parent / "tools/validity"

# What differs from one run to the next: codes, keys and tokens, times.
_PASSING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[A-Za-z0-9_-]{32,}"
    r"|\d{4}-\d\d-\d\d|\d\d:\d\d(?::\d\d)?(?:\.\d+)?"
)


@dataclass(frozen=True)
class Markup:
    """`kind`: by which of the rules it is judged (tests/tools/validity/rules.mjs)."""

    kind: str
    where: str
    text: str

    @cached_property
    def digest(self) -> bytes:
        """The same for what differs in codes and times only.

        They are numbered in the order of their appearance, so that those that are equal (such as
        an ID that is there twice) stay equal.
        """
        numbers: dict[str, str] = {}

        def number(match: re.Match[str]) -> str:
            return numbers.setdefault(match[0], f"#{len(numbers)}")

        return sha256((self.kind + _PASSING.sub(number, self.text)).encode()).digest()


class Seen:
    """Markup that has been seen, each once."""

    def __init__(self) -> None:
        self._by_digest: dict[bytes, Markup] = {}

    def add(self, kind: str, where: str, text: str) -> None:
        """`where` has the path of the page in it."""
        markup = Markup("admin" if "/admin/" in where else kind, where, text)
        self._by_digest.setdefault(markup.digest, markup)

    def take(self) -> list[Markup]:
        """All of it; it is forgotten."""
        taken = list(self._by_digest.values())
        self._by_digest.clear()
        return taken


class Judge:
    """html-validate, which is asked once for markup of the same digest."""

    def __init__(self, questions: IO[bytes], answers: IO[bytes]) -> None:
        self._questions, self._answers = questions, answers
        self._known: dict[bytes, list[str]] = {}

    def findings(self, seen: list[Markup]) -> list[str]:
        """What is wrong with each, as `kind, where: rule: message: the place`."""
        return [
            f"{markup.kind}, {markup.where}: {found}"
            for markup in seen
            for found in self._ask(markup)
        ]

    def _ask(self, markup: Markup) -> list[str]:
        if markup.digest not in self._known:
            question = json.dumps({"kind": markup.kind, "markup": markup.text})
            self._questions.write(question.encode() + b"\n")
            self._questions.flush()
            self._known[markup.digest] = json.loads(self._answers.readline())
        return self._known[markup.digest]


@contextmanager
def judge() -> Iterator[Judge]:
    """Start html-validate."""
    with subprocess.Popen(
        [*node_with("html-validate"), FOLDER / "judge.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Judge(process.stdin, process.stdout)
        process.stdin.close()


def node_with(package: str) -> list[str]:
    """The command `node`; an error that names the remedy where the package is not installed."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / package).is_dir():
        raise RuntimeError(
            f"{package} is not there: install node (18.19 or later) and npm, and run: make validity"
        )
    return [node]


# What the server in the process of the tests has sent.
SENT = Seen()


class Recorder:
    """A middleware, to be the outermost one: keeps the HTML that is sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html") and response.content:
            text = response.content.decode()
            is_whole = text.lstrip().lower().startswith("<!doctype")
            where = f"{request.method} {request.get_full_path()}"
            SENT.add("document" if is_whole else "fragment", where, text)
        return response
