"""Placeholders such as $NAME in what people write into webhooks and commands.

One pass from left to right, the longest name first: values are never read again, so a `$` in a
check's name is safe; what is no placeholder stays. Source: integrations 8 of the specification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC
from urllib.parse import quote

from hc.integrations.base import Alert

_RAW_IN_URLS = frozenset({"CODE", "STATUS", "SLUG", "EXITSTATUS", "UNIQUE_KEY", "NOTIFICATION_ID"})
_BODY_ONLY = frozenset({"BODY", "BODY_JSON"})


def values(alert: Alert) -> dict[str, str]:
    """All placeholders of an alert, without their `$`."""
    check, ping = alert.check, alert.last_ping
    body = ping.text() if ping else ""
    known = {
        "CODE": str(check.code),
        "STATUS": alert.status,
        "NOW": alert.at.astimezone(UTC).replace(microsecond=0).isoformat(),
        "NAME": check.name,
        "NAME_JSON": json.dumps(check.name),
        "SLUG": check.slug,
        "TAGS": " ".join(check.tags),
        "DESC": check.desc,
        "DESC_JSON": json.dumps(check.desc),
        "JSON": json.dumps(check.json),
        "BODY": body,
        "BODY_JSON": json.dumps(body),
        "EXITSTATUS": str(ping.exitstatus) if ping and ping.exitstatus is not None else "-1",
        "PROJECT": alert.project.name,
        "PROJECT_JSON": json.dumps(alert.project.name),
        "REASON": str(alert.reason),
        "DOWNTIME": str(int(alert.downtime.total_seconds())) if alert.downtime else "",
        "DETAILS_URL": alert.link,
        "UNIQUE_KEY": check.unique_key,
        "NOTIFICATION_ID": str(alert.id),
    }
    return known | {f"TAG{i}": tag for i, tag in enumerate(check.tags, 1)}


def in_url(template: str, known: Mapping[str, str]) -> str:
    """Values percent-encoded, slashes kept; body placeholders stay as they are."""
    return _replace(template, known, _BODY_ONLY, _url_value)


def in_header(template: str, known: Mapping[str, str]) -> str:
    """Values on one line, in Latin-1; other characters become XML references."""
    return _one_latin_line(_replace(template, known, _BODY_ONLY, lambda _, value: value))


def in_body(template: str, known: Mapping[str, str]) -> str:
    return _replace(template, known, frozenset(), lambda _, value: value)


def _one_latin_line(value: str) -> str:
    one_line = re.sub(r"[\r\n\0]+", " ", value)
    return one_line.encode("latin-1", "xmlcharrefreplace").decode("latin-1")


def _url_value(name: str, value: str) -> str:
    return value if name in _RAW_IN_URLS else quote(value, safe="/")


def _replace(
    template: str,
    known: Mapping[str, str],
    excluded: frozenset[str],
    encode: Callable[[str, str], str],
) -> str:
    # Excluded names take part in the match, so that "$BODY_JSON" is not read as a shorter one.
    names = sorted(known, key=len, reverse=True)
    pattern = re.compile(r"\$(" + "|".join(map(re.escape, names)) + ")")

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        return match[0] if name in excluded else encode(name, known[name])

    return pattern.sub(value_of, template)
