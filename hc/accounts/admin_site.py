"""The admin pages as a whole: who is asked once more who they are, and when.

Looking around takes a session of staff, which took a second factor if the account has one. What is
written, and what shows a form for a password, takes in addition that the person has proved who they
are within half an hour, like other pages that matter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

View = Callable[..., HttpResponse]

# Names of pages with a field for a password, which is not written into the page in between.
WITH_PASSWORD = frozenset({"auth_user_password_change", "accounts_user_add"})


class Config(AdminConfig):
    default_site = "hc.accounts.admin_site.Site"


class Site(AdminSite):
    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(_guarded(view), cacheable)

    @method_decorator(never_cache)
    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The own password is set where everybody sets it."""
        return redirect("hc-set-password")


def _guarded(view: View) -> View:
    from hc.accounts.views.sudo import sudo_required  # noqa: PLC0415 - needs the models

    confirmed = sudo_required(view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = request.resolver_match.url_name if request.resolver_match else None
        writes = request.method not in ("GET", "HEAD", "OPTIONS") and name != "logout"
        may_go_on = not writes and name not in WITH_PASSWORD
        return (view if may_go_on else confirmed)(request, *args, **kwargs)

    return guarded
