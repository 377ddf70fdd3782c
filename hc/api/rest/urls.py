from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from hc.api.rest import badges, callbacks, description, dispatch, prometheus

VERSIONS = (1, 2, 3)


def _of_version(number: int) -> list[URLPattern]:
    return [
        path("notifications/<uuid:code>/status", callbacks.notification_status),
        path("bounces/", callbacks.bounce),
        *dispatch.patterns(description.ALL, number),
        dispatch.nothing_there(number),
    ]


# Badges are asked for most often, and are the cheapest.
urlpatterns: list[URLPattern | URLResolver] = [*badges.urlpatterns, *prometheus.urlpatterns]
urlpatterns += [path(f"api/v{number}/", include(_of_version(number))) for number in VERSIONS]
