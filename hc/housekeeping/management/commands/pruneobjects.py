from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hc.housekeeping.inventory import NoChecks, prune_objects
from hc.lib import objects
from hc.lib.objects import ObjectStore, StorageError


class Command(BaseCommand):
    help = (
        "Deletes the bodies of checks that are gone from the object storage. Only for a bucket "
        "that no other installation uses."
    )

    def handle(self, **_: Any) -> None:
        store = objects.configured()
        if store is None:
            self.stdout.write("Object storage is not configured (S3_BUCKET).")
            return
        try:
            self._prune(store)
        except NoChecks:
            text = "There is not a single check in this database; is it the right one?"
            raise CommandError(f"{text} Nothing was deleted.") from None
        except StorageError as e:
            raise CommandError(f"The storage cannot be listed: {e}.") from None

    def _prune(self, store: ObjectStore) -> None:
        checks = deleted = failed = 0
        for orphan in prune_objects(store):
            self.stdout.write(f"{orphan.code}: {orphan.error or orphan.deleted}")
            checks, deleted = checks + 1, deleted + orphan.deleted
            failed += bool(orphan.error)
        if failed:
            raise CommandError(f"Deleted {deleted} objects; {failed} of {checks} checks failed.")
        self.stdout.write(f"Deleted {deleted} objects of {checks} checks that are gone.")
