"""The pages of all integrations; what a kind has beyond the generic ones it names itself."""

from __future__ import annotations

from django.urls import URLPattern, path

from hc.integrations import registry, setup
from hc.integrations.email import views as email


def _add_pages() -> list[URLPattern]:
    return [
        path(
            f"projects/<uuid:code>/add_{integration.kind}/",
            setup.add,
            {"kind": integration.kind},
            name=f"hc-add-{integration.kind}",
        )
        for integration in registry.KINDS
    ]


urlpatterns = [
    path("projects/<uuid:code>/integrations/", setup.index, name="hc-integrations"),
    *_add_pages(),
    path("integrations/<uuid:code>/edit/", setup.edit, name="hc-edit-channel"),
    path("integrations/<uuid:code>/remove/", setup.remove, name="hc-remove-channel"),
    path("integrations/<uuid:code>/verify/<str:token>/", email.verify, name="hc-verify-email"),
    path("integrations/<uuid:code>/unsub/<str:token>/", email.unsubscribe, name="hc-unsubscribe"),
]
