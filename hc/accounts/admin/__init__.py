"""People and projects in the admin pages. Source: accounts 13 of the specification."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.views.generic import RedirectView

from hc.accounts.admin import doors, people, projects

__all__ = ["SignIn", "doors", "people", "projects"]

admin.site.site_header = admin.site.site_title = f"{settings.SITE_NAME} administration"
admin.site.site_url = f"/{settings.URL_PREFIX}/" if settings.URL_PREFIX else "/"


class SignIn(RedirectView):
    """To the login page of the site, and back to the page that was asked for.

    Whoever is signed in already may not come here: sent back, they would go round in circles.
    """

    pattern_name = "hc-login"

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str | None:
        user = self.request.user
        self.query_string = user.is_staff or not user.is_authenticated
        return super().get_redirect_url(*args, **kwargs)
