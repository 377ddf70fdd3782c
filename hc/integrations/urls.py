"""The pages of all integrations."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, path

from hc.integrations import registry, setup


def _own_pages() -> list[URLPattern]:
    """What the kinds name in `<kind>/urls.py`, if they have one."""
    modules = [f"hc.integrations.{integration.kind}.urls" for integration in registry.KINDS]
    found = [import_module(name) for name in modules if find_spec(name)]
    return [pattern for module in found for pattern in module.urlpatterns]


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
    *_add_pages(),
    path("integrations/<uuid:code>/edit/", setup.edit, name="hc-edit-channel"),
    path("integrations/<uuid:code>/remove/", setup.remove, name="hc-remove-channel"),
    *_own_pages(),
]
