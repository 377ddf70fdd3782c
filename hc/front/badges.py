"""The page on which a badge is chosen and its address copied.

A plain form that is sent by GET, so that a choice is an address, too; with a script the part
with the badge renews itself. Source: web-ui 9 of the specification.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, cast
from urllib.parse import quote, urlsplit
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, project_for
from hc.accounts.models import Project
from hc.api import badge_queries, badge_urls
from hc.api.models import Check
from hc.core.badge import Counts

FORMATS = (("svg", "Picture"), ("shields", "Shields.io"), ("json", "JSON"))
STATES = (("2", "up, down"), ("3", "up, late, down"))
SHIELDS = "https://img.shields.io/endpoint?url="


class BadgeForm(forms.Form):
    """What the badge is of. Checks go by their unique keys: their codes are secrets."""

    use_required_attribute = False

    target = forms.ChoiceField(label="Of", widget=forms.RadioSelect, initial="all")
    tag = forms.ChoiceField(required=False)
    check = forms.ChoiceField(label="Check", required=False)
    fmt = forms.ChoiceField(
        label="As", choices=FORMATS, widget=forms.RadioSelect, initial="svg", required=False
    )
    states = forms.ChoiceField(
        label="It says", choices=STATES, widget=forms.RadioSelect, initial="2", required=False
    )

    def __init__(self, data: Any, tags: list[str], checks: list[Check]) -> None:
        super().__init__(data)
        targets = [("all", "All checks"), ("tag", "A tag"), ("check", "One check")]
        offered = {"all": True, "tag": bool(tags), "check": bool(checks)}
        self._choose("target", [(value, label) for value, label in targets if offered[value]])
        self._choose("tag", [(tag, tag) for tag in tags])
        self._choose("check", [(check.unique_key, check.label()) for check in checks])
        self._choose("fmt", FORMATS)
        self._choose("states", STATES)

    def _choose(self, name: str, choices: Any) -> None:
        field = cast("forms.ChoiceField", self.fields[name])
        field.choices = choices
        field.error_messages["invalid_choice"] = _UNKNOWN[name]
        field.error_messages["required"] = _UNKNOWN[name]

    def clean(self) -> dict[str, Any]:
        """Of the two lists only the one that is used has to be right."""
        for name in ("tag", "check"):
            if name != self.cleaned_data.get("target"):
                self.errors.pop(name, None)
            elif not self.cleaned_data.get(name) and name not in self.errors:
                self.add_error(name, _UNKNOWN[name])
        return self.cleaned_data


_UNKNOWN = {
    "target": "Choose all checks, a tag or a check.",
    "tag": "No check has this tag. Choose one from the list.",
    "check": "There is no such check here. Choose one from the list.",
    "fmt": "Choose one of these forms.",
    "states": "Choose two or three states.",
}


@dataclass(frozen=True, slots=True)
class Snippet:
    key: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A chosen badge: what it is called, where it is, and how it is now."""

    label: str
    url: str
    fmt: str
    picture: str
    counts: Counts
    three_state: bool

    @property
    def word(self) -> str:
        return self.counts.word(three_state=self.three_state).value

    @property
    def image(self) -> str:
        """The address of a picture that stands for the badge; none for JSON."""
        return {"svg": self.url, "shields": SHIELDS + quote(self.url, safe="")}.get(self.fmt, "")

    @property
    def document(self) -> str:
        """What the address answers, where it answers no picture."""
        numbers = {"total": self.counts.total, "grace": self.counts.grace, "down": self.counts.down}
        return json.dumps({"status": self.word} | numbers)

    def snippets(self) -> list[Snippet]:
        """What is pasted, and where."""
        if not self.image:
            return [Snippet("url", "Address", self.url)]
        name, image = self.label, self.image
        return [
            Snippet("url", "Address", image),
            Snippet("markdown", "Markdown", f"![{_markdown(name)}]({image})"),
            Snippet("html", "HTML", f'<img src="{escape(image)}" alt="{escape(name)}">'),
            Snippet("rst", "reStructuredText", f".. image:: {image}\n   :alt: {_plain(name)}"),
        ]


@login_required
def index(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code)
    columns = ("name", "slug", "unique_key", "tags", "badge_key", "created")
    checks = list(Check.objects.filter(project=access.project).only(*columns))
    checks.sort(key=lambda check: (bool(check.name), check.label().casefold(), check.pk))
    tags = sorted({tag for check in checks for tag in check.tags_list()}, key=_by_letters)
    form = BadgeForm(_with_defaults(request.GET), tags, checks)
    badge = _badge(access.project, form.cleaned_data, checks) if form.is_valid() else None
    context = {
        "access": access,
        "project": access.project,
        "section": "badges",
        "form": form,
        "badge": badge,
    }
    part = "HX-Request" in request.headers
    template = "front/_badge.html" if part else "front/badges.html"
    response = render(request, template, context, status=200 if badge else 422)
    response.headers["Vary"] = "Cookie, HX-Request"
    return response


def _by_letters(tag: str) -> tuple[str, str]:
    return tag.casefold(), tag


def _with_defaults(asked: QueryDict) -> dict[str, str]:
    """What was asked for; what was not is as it is at first."""
    values = {"target": "all", "fmt": "svg", "states": "2"}
    return values | {name: str(asked[name]) for name in asked if asked[name]}


def _badge(project: Project, chosen: dict[str, Any], checks: list[Check]) -> Badge:
    now = timezone.now()
    three = chosen["states"] == "3"
    label, urls, counts = _of(project, chosen, checks, now)
    mark = "3" if three else ""
    # Shown from where the page is, whatever the name under which people reach it.
    picture = urlsplit(urls[f"svg{mark}"]).path
    return Badge(label, urls[chosen["fmt"] + mark], chosen["fmt"], picture, counts, three)


def _of(
    project: Project, chosen: dict[str, Any], checks: list[Check], now: datetime
) -> tuple[str, dict[str, str], Counts]:
    """The label of the badge, its addresses, and how its checks are."""
    if chosen["target"] == "check":
        check = next(one for one in checks if one.unique_key == chosen["check"])
        found = badge_queries.check_counts(check.badge_key, now)
        label, counts = found or (check.label(), Counts())
        return label, badge_urls.check_badge_urls(check), counts
    if chosen["target"] == "tag":
        tag = chosen["tag"]
        of_tag = badge_queries.tag_counts(project.badge_key, tag, now)
        return tag, badge_urls.badge_urls(project, tag), of_tag or Counts()
    of_all = badge_queries.project_counts(project.badge_key, now)
    return settings.MASTER_BADGE_LABEL, badge_urls.badge_urls(project), of_all or Counts()


def _plain(text: str) -> str:
    return " ".join(text.split())


def _markdown(text: str) -> str:
    """Text as Markdown shows it; nothing in it may end the brackets or begin something else."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>!#|~" else char for char in _plain(text))
