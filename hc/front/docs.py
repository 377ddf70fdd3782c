"""The documentation: its frame, with all pages beside the text, and the pages made of texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST, require_safe

from hc.accounts.access import Role, projects_of, roles_of
from hc.accounts.models import User
from hc.api.models import Check
from hc.front import doc_texts

SAMPLE = "f618072a-7bde-4eee-af63-71a77c5723bc"
SAMPLE_KEY, SAMPLE_SLUG = "fqOOd6-F4MMNuCEnzTU01w", "nightly-backup"
# Whose addresses the examples show; kept for the visit.
CHOSEN = "docs_check"
MOST_CHECKS = 300


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the table of contents. `mark`: a word before it, such as GET."""

    href: str
    label: str
    below: list[Place] = field(default_factory=list)
    mark: str = ""


# The pages in the order of the menu; those without a text have views of their own.
NAVIGATION: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "First steps",
        (
            "introduction",
            "configuring_checks",
            "configuring_notifications",
            "projects_teams",
            "badges",
        ),
    ),
    ("Pings and API", ("http_api", "slug_urls", "api")),
    (
        "Guides",
        (
            "monitoring_cron_jobs",
            "monitoring_systemd_tasks",
            "signaling_failures",
            "measuring_script_run_time",
            "attaching_logs",
            "cloning_checks",
            "autoprovisioning",
            "configuring_prometheus",
            "reliability_tips",
        ),
    ),
    (
        "Examples",
        (
            "bash",
            "python",
            "javascript",
            "go",
            "php",
            "ruby",
            "csharp",
            "powershell",
            "email",
            "github_actions",
            "arduino",
            "network_routers",
        ),
    ),
    ("Reference", ("cron", "resources")),
    ("Running your own", ("self_hosted", "self_hosted_configuration", "self_hosted_docker")),
)
OTHER_TITLES = {"api": "API", "cron": "Cron expressions"}


def shell(slug: str, places: list[Place] | tuple[Place, ...] = ()) -> dict[str, Any]:
    """What the frame needs: the menu, and below the current page what stands on it."""
    menu = [
        Place("", title, [_entry(name, slug, places) for name in names])
        for title, names in NAVIGATION
    ]
    return {"menu": menu, "docs_slug": slug}


def _entry(name: str, current: str, places: list[Place] | tuple[Place, ...]) -> Place:
    title = OTHER_TITLES.get(name) or doc_texts.pages()[name].title
    return Place(address(name), title, list(places) if name == current else [])


def address(slug: str) -> str:
    names = {"api": "hc-api-docs", "cron": "hc-docs-cron"}
    return reverse(names[slug]) if slug in names else reverse("hc-docs-page", args=[slug])


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return redirect("hc-docs-page", "introduction")


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    text = doc_texts.pages().get(slug)
    if text is None:
        raise Http404
    checks = checks_to_show(request) if text.has_addresses else []
    chosen = next((c for c in checks if c.unique_key == request.session.get(CHOSEN)), None)
    context = {
        "text": text,
        "html": _filled(text.html, chosen),
        "checks": checks,
        "chosen": chosen,
        **shell(slug, [Place(f"#{s.anchor}", s.title) for s in text.sections if s.anchor]),
    }
    return render(request, "docs/page.html", context)


@require_POST
def choose_example(request: HttpRequest, slug: str) -> HttpResponse:
    """From now on the examples show the addresses of this check, or the sample's again."""
    if slug not in doc_texts.pages():
        raise Http404
    wanted = request.POST.get("check", "")
    known = any(check.unique_key == wanted for check in checks_to_show(request))
    if known:
        request.session[CHOSEN] = wanted
    else:
        request.session.pop(CHOSEN, None)
    return redirect("hc-docs-page", slug)


def checks_to_show(request: HttpRequest) -> list[Check]:
    """The checks whose addresses this visitor may know."""
    user = request.user
    if not isinstance(user, User):
        return []
    projects = projects_of(user)
    roles = roles_of(user, projects)
    mine = [project.pk for project in projects if roles[project.pk] >= Role.REGULAR]
    found = Check.objects.filter(project_id__in=mine).select_related("project")
    return list(found.order_by("name", "pk")[:MOST_CHECKS])


def _filled(html: str, check: Check | None) -> SafeString:
    """The text with the addresses of the check, or of a sample."""
    code = str(check.code) if check else SAMPLE
    limit = settings.PING_BODY_LIMIT
    values = {
        "PING_URL": f"{settings.PING_ENDPOINT}{code}",
        "PING_ENDPOINT": settings.PING_ENDPOINT,
        "PING_EMAIL": f"{code}@{settings.PING_EMAIL_DOMAIN}",
        "PING_EMAIL_DOMAIN": settings.PING_EMAIL_DOMAIN,
        "PING_KEY": (check.project.ping_key if check else None) or SAMPLE_KEY,
        "SLUG": (check.slug if check else "") or SAMPLE_SLUG,
        "UUID": code,
        "SITE_ROOT": settings.SITE_ROOT,
        "SITE_NAME": settings.SITE_NAME,
        "BODY_LIMIT": f"{limit:,} bytes" if limit else "any number of bytes",
    }
    for name, value in values.items():
        html = html.replace(f"{{{name}}}", str(escape(value)))
    return mark_safe(html)  # noqa: S308 - made by us, of texts that are ours; values are escaped
