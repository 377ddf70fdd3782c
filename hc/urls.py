"""All addresses of the site, below the path of SITE_ROOT."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from hc.accounts.admin import SignIn
from hc.api.rest import description
from hc.front import api_docs, docs
from hc.ops import views
from hc.pings.views import ping

routes: list[URLPattern | URLResolver] = [
    re_path(r"^ping/", ping),
    *[path(f"api/v{n}/status/", views.status) for n in (1, 2, 3)],
    *[path(f"api/v{n}/metrics/", views.counts) for n in (1, 2, 3)],
    path("", include("hc.api.rest.urls")),
    path("", include("hc.front.urls")),
    path("", include("hc.accounts.urls")),
    path("", include("hc.integrations.urls")),
    path("admin/login/", SignIn.as_view()),
    path("admin/", admin.site.urls),
    path("docs/api/", api_docs.page, {"describe": description.document}, name="hc-api-docs"),
    re_path(r"^docs/(?P<slug>[0-9a-z_]+)/$", docs.page, name="hc-docs-page"),
]

prefix = f"{settings.URL_PREFIX}/" if settings.URL_PREFIX else ""
urlpatterns = [path(prefix, include(routes))]

handler400 = "hc.front.errors.bad_request"
handler403 = "hc.front.errors.forbidden"
handler404 = "hc.front.errors.not_found"
handler500 = "hc.front.errors.server_error"
