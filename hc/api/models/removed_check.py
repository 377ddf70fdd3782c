"""What was removed and can be brought back for a while: checks, and logs of checks."""

from __future__ import annotations

from django.db import models

from hc.api.models.check import Check


class RemovedCheck(models.Model):
    """A check that is hidden (`Check.removed`), with its pings, flips, messages and daily sums.

    Either somebody removed it (hc.api.services.trash), or it is nothing but the holder of the log
    that another check had before it was cleared (hc.api.services.clearing).
    """

    owner = models.OneToOneField(Check, models.CASCADE, related_name="removal")
    removed = models.DateTimeField(db_index=True)
    # Who did it, as the audit log calls them.
    by = models.CharField(max_length=254, blank=True, default="")
    # The keys of the channels through which it alerted: nothing can be sent for it meanwhile.
    channels = models.JSONField(default=list)

    is_log = models.BooleanField(default=False)
    # Whose log it is, and what its row said, by column, as texts.
    log_of = models.ForeignKey(
        Check, models.SET_NULL, null=True, blank=True, related_name="cleared_logs"
    )
    columns = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"check {self.owner_id}, removed {self.removed}"
