"""Who somebody is elsewhere."""

from __future__ import annotations

from django.db import models

from hc.accounts.models.user import User


class ExternalIdentity(models.Model):
    """An account as an OpenID Connect provider knows it: for ever by its subject, not its address.

    So an address that changes hands at the provider does not hand over the account here.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="external_identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    created = models.DateTimeField()
    last_used = models.DateTimeField()

    class Meta:
        verbose_name_plural = "external identities"
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="accounts_externalidentity_no_duplicates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.issuer}"
