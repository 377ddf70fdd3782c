from __future__ import annotations

from django.urls import URLPattern, path

from hc.api.rest import badges, callbacks, description, dispatch, prometheus

VERSIONS = (1, 2, 3)


def _of_version(number: int) -> list[URLPattern]:
    root = f"api/v{number}"
    return [
        path(f"{root}/notifications/<uuid:code>/status", callbacks.notification_status),
        path(f"{root}/bounces/", callbacks.bounce),
        *dispatch.patterns(description.ALL, number),
        dispatch.nothing_there(number),
    ]


# Badges are asked for most often, and are the cheapest.
urlpatterns = badges.urlpatterns + prometheus.urlpatterns
urlpatterns += [pattern for number in VERSIONS for pattern in _of_version(number)]
