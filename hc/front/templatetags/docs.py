"""How texts of the documentation are drawn."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def marked(text: str) -> SafeString:
    """Text with `code` between backticks."""
    parts = re.split(r"`([^`]+)`", text)
    return format_html_join(
        "",
        "{}{}",
        (
            (plain, mark_safe(f"<code>{escape(code)}</code>") if code else "")  # noqa: S308 - escaped
            for plain, code in zip(parts[::2], [*parts[1::2], ""], strict=True)
        ),
    )


@register.filter
def breakable(path: str) -> SafeString:
    """A path that may be broken behind its slashes."""
    return mark_safe(escape(path).replace("/", "/<wbr>"))  # noqa: S308 - escaped
