"""Keeping views of a list of checks under names: a person's own, for each project."""

from __future__ import annotations

from django.db import transaction

from hc.accounts.models import Profile, Project, SavedView, User

MAX_NAME = 50
MAX_QUERY = 2000
# So many views a person may have of a project.
MOST = 30


class NameTaken(Exception):
    """The person has a view of that name, letter case aside."""


class TooMany(Exception):
    """The person has as many views of this project as there may be."""


class TooLong(Exception):
    """There are more filters than a view can keep."""


def views_of(user: User, project: Project) -> list[SavedView]:
    """The person's views of the project, by name without letter case. One query."""
    mine = SavedView.objects.filter(user=user, project=project)
    return sorted(mine, key=lambda view: (view.name.casefold(), view.pk))


def save(
    user: User, project: Project, name: str, query: str, *, replace: bool = False
) -> SavedView:
    """Keep a view; `query` without the question mark. `replace`: also if there is one of that
    name, which shows something else from then on.

    Raises NameTaken, TooMany, TooLong.
    """
    if len(query) > MAX_QUERY:
        raise TooLong
    with transaction.atomic():
        present = _locked(user, project)
        same = _named(present, name)
        if same is None and len(present) >= MOST:
            raise TooMany
        if same is None:
            return SavedView.objects.create(user=user, project=project, name=name, query=query)
        if not replace:
            raise NameTaken
        SavedView.objects.filter(pk=same.pk).update(name=name, query=query)
        same.name, same.query = name, query
        return same


def rename(view: SavedView, name: str) -> None:
    """Raises NameTaken; another letter case of its own name is fine."""
    with transaction.atomic():
        present = _locked(view.user, view.project)
        if _named([other for other in present if other.pk != view.pk], name):
            raise NameTaken
        SavedView.objects.filter(pk=view.pk).update(name=name)


def remove(view: SavedView) -> None:
    SavedView.objects.filter(pk=view.pk).delete()


def _locked(user: User, project: Project) -> list[SavedView]:
    """The person's views; nobody else adds or renames any until the end of the transaction."""
    pk = Profile.of(user.pk).pk
    list(Profile.objects.select_for_update().filter(pk=pk).values_list("pk"))
    return views_of(user, project)


def _named(views: list[SavedView], name: str) -> SavedView | None:
    wanted = name.casefold()
    return next((view for view in views if view.name.casefold() == wanted), None)
