"""Views of a project's list of checks that a person has given names."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from hc.accounts.models.project import Project
from hc.accounts.models.user import User


class SavedView(models.Model):
    """Filters and an order under a name: the query of the list's address, for one person.

    That no two names of a person are the same but for letter case is seen to by
    hc.accounts.services.saved_views: what databases take for the same differs.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views", db_index=False)
    project = models.ForeignKey(Project, models.CASCADE)
    name = models.CharField(max_length=50)
    query = models.TextField()
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "project"], name="accounts_savedview_person")]

    def __str__(self) -> str:
        return self.name
