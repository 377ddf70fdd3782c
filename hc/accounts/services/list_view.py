"""How a person likes their lists of checks."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from hc.accounts.models import Profile, User
from hc.accounts.models.profile import Sort

DENSITIES = ("normal", "compact")
PING_STYLES = ("uuid", "slug")


def keep_list_view(user: User, said: Mapping[str, str]) -> None:
    """Store what was chosen in a form; what it does not speak of, or wrongly, stays as it is.

    `sort`; `density`; `ping_style`; `down_first`, `addresses`: "1" or "0".
    """
    pk = Profile.of(user.pk).pk
    with transaction.atomic():
        profile = Profile.objects.select_for_update().get(pk=pk)
        kept = dict(profile.list_view)
        for name in ("down_first", "addresses"):
            if said.get(name) in ("0", "1"):
                kept[name] = said[name] == "1"
        if said.get("density") in DENSITIES:
            kept["density"] = said["density"]
        if said.get("ping_style") in PING_STYLES:
            kept["ping_style"] = said["ping_style"]
        sort = said.get("sort")
        columns = {"list_view": kept} | ({"sort": sort} if sort in Sort.values else {})
        Profile.objects.filter(pk=pk).update(**columns)
