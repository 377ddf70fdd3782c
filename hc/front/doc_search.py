"""Search in the documentation: all of its words, in memory.

Words are compared without case and accents, by their beginnings and without the endings of
English words: "pings" finds "ping" and "pinging", "co-op" is one word with a hyphen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from hc.accounts.views.limits import retry_after
from hc.api.models import Limit, TokenBucket
from hc.front import doc_texts
from hc.front.docs import OTHER_TITLES, address, shell
from hc.lib.client import client_bucket

SEARCHES = Limit(60, timedelta(minutes=1))
MAX_QUERY = 100
BEST = 8
AROUND = 70  # characters before and behind what was found
# What the pages tell that are not made of texts.
_OTHERS = {
    "api": "All calls of the API with their fields, answers and errors: list, create, change, "
    "pause, resume and delete checks, pings and flips, integrations, badges, projects, keys. "
    "Header X-Api-Key, read-only keys, pages, limits, ETag, OpenAPI, curl, a form to try them.",
    "cron": "The five fields of a crontab line: minute, hour, day of the month, month, day of the "
    "week. Lists, ranges, steps, names, time zones, summer time, daylight saving. A tester that "
    "shows the next dates of an expression; common expressions.",
}
_WORD = re.compile(r"[^\W_]+(?:[-.'_][^\W_]+)*")
_ENDING = re.compile(r"(?<=[a-z]{3})(?:ings?|ed|ies|es|s|y)$")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page with its words in the form in which they are compared."""

    href: str
    page: str
    title: str
    words: str
    plain_title: str
    plain_words: str


@dataclass(frozen=True, slots=True)
class Hit:
    href: str
    page: str
    title: str
    excerpt: SafeString


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    wait = TokenBucket.attempt(f"docs-{client_bucket(request)}", SEARCHES, now)
    if wait:
        return retry_after(HttpResponse(status=429), wait)
    query = " ".join(request.GET.get("q", "").split())[:MAX_QUERY]
    part = "HX-Request" in request.headers
    context = {"query": query, "hits": find(query)} | ({} if part else shell("search"))
    response = render(request, "docs/_found.html" if part else "docs/search.html", context)
    response.headers["Vary"] = "Cookie, HX-Request"
    return response


def find(query: str) -> list[Hit]:
    """The parts in which all words of the query occur, the best first, one of each page."""
    patterns = [_pattern(word) for word in _WORD.findall(plain(query))]
    if not patterns:
        return []
    rated = ((_rate(section, patterns), section) for section in index())
    best: dict[str, tuple[float, Section]] = {}
    for rate, section in rated:
        if rate > best.get(section.page, (0.0, section))[0]:
            best[section.page] = (rate, section)
    ordered = sorted(best.values(), key=lambda found: -found[0])[:BEST]
    return [_hit(section, patterns) for _, section in ordered]


def plain(text: str) -> str:
    """Without case and accents; as long as the text itself, so that places stay places."""
    return "".join(_plain(char) for char in text)


@cache
def _plain(char: str) -> str:
    bare = unicodedata.normalize("NFD", char)[0].casefold()
    return bare if len(bare) == 1 else char


@cache
def index() -> list[Section]:
    return list(_sections())


def _sections() -> Iterator[Section]:
    for slug, words in _OTHERS.items():
        title = OTHER_TITLES[slug]
        yield Section(address(slug), title, title, words, plain(title), plain(words))
    for text in doc_texts.pages().values():
        for one in text.sections:
            words = re.sub(r"\s+", " ", one.words)
            href = address(text.slug) + (f"#{one.anchor}" if one.anchor else "")
            yield Section(href, text.title, one.title, words, plain(one.title), plain(words))


def _pattern(word: str) -> re.Pattern[str]:
    stem = _ENDING.sub("", word) if word.isascii() else word
    if stem != word:
        stem = re.sub(r"([bdgmnprt])\1$", r"\1", stem)  # "overlapp" of "overlapping"
    return re.compile(rf"(?<![^\W_]){re.escape(stem)}[^\W_]*")


def _rate(section: Section, patterns: list[re.Pattern[str]]) -> float:
    """How well a part fits; 0 if a word is missing. Titles count more than words, pages more than
    their parts, and of many occurrences only the first few."""
    rate = 0.0
    page = plain(section.page)
    for pattern in patterns:
        in_title = bool(pattern.search(section.plain_title))
        in_page = bool(pattern.search(page))
        times = min(len(pattern.findall(section.plain_words)), 4)
        if not (in_title or in_page or times):
            return 0
        rate += 10 * in_page + 6 * in_title + times
    return rate


def _hit(section: Section, patterns: list[re.Pattern[str]]) -> Hit:
    places = [m.span() for p in patterns for m in [p.search(section.plain_words)] if m]
    middle = min(places)[0] if places else 0
    start = section.words.rfind(" ", 0, max(0, middle - AROUND)) + 1
    end = section.words.find(" ", middle + AROUND)
    end = len(section.words) if end < 0 else end
    shown = _marked(section.words[start:end], section.plain_words[start:end], patterns)
    before, after = "… " if start else "", " …" if end < len(section.words) else ""
    title = "" if section.title == section.page else section.title
    return Hit(section.href, section.page, title, mark_safe(f"{before}{shown}{after}"))  # noqa: S308 - escaped


def _marked(words: str, compared: str, patterns: list[re.Pattern[str]]) -> str:
    places = sorted(m.span() for p in patterns for m in p.finditer(compared))
    parts, at = [], 0
    for start, end in places:
        if start >= at:
            parts += [str(escape(words[at:start])), f"<mark>{escape(words[start:end])}</mark>"]
            at = end
    return "".join([*parts, str(escape(words[at:]))])
