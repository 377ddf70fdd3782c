"""What a ping says: its URL and method, or the keywords in its body or mail.

Source: http-api 1.5 and 2.2 of the specification.
"""

from __future__ import annotations

from dataclasses import dataclass

from hc.core.state import Kind


@dataclass(frozen=True, slots=True)
class Rules:
    """How a check wants its pings to be read. Keyword fields hold words separated by commas."""

    methods: str = ""
    filter_subject: bool = False
    filter_body: bool = False
    filter_http_body: bool = False
    filter_default_fail: bool = False
    start_kw: str = ""
    success_kw: str = ""
    failure_kw: str = ""


def kind_of_http(
    rules: Rules, *, method: str, action: Kind, exitstatus: int | None, body: bytes
) -> Kind:
    """The kind of an HTTP ping to .../<action> or .../<exitstatus>.

    The body filter replaces what the URL says; bytes that are not UTF-8 cannot break it.
    """
    if rules.methods == "POST" and method != "POST":
        return Kind.IGNORED
    if rules.filter_http_body:
        return _by_keywords(rules, body.decode("utf-8", "replace"))
    if exitstatus is not None:
        return Kind.FAIL if exitstatus > 0 else Kind.SUCCESS
    return action


def kind_of_mail(rules: Rules, *, subject: str, body: str) -> Kind:
    """The kind of a ping by mail; `body` is the text of its body parts."""
    if not (rules.filter_subject or rules.filter_body):
        return Kind.SUCCESS
    texts = [subject] if rules.filter_subject else []
    if rules.filter_body:
        texts.append(body)
    return _by_keywords(rules, "\n".join(texts))


def words(field: str) -> list[str]:
    """The keywords of a field: "done, all well" has two."""
    return [word for part in field.split(",") if (word := part.strip())]


def _by_keywords(rules: Rules, text: str) -> Kind:
    for field, kind in (
        (rules.failure_kw, Kind.FAIL),
        (rules.success_kw, Kind.SUCCESS),
        (rules.start_kw, Kind.START),
    ):
        if any(word in text for word in words(field)):
            return kind
    return Kind.FAIL if rules.filter_default_fail else Kind.IGNORED
