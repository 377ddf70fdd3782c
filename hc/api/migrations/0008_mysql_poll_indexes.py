"""What the alert loop asks for every second has partial indexes, which MySQL and MariaDB lack:
there, an index covers all rows."""

from typing import Any

from django.db import migrations

INDEXES = {
    "api_check_sweep_at_all": ("api_check", "sweep_at"),
    "api_check_flapping_all": ("api_check", "flapping_told"),
    "api_flip_processed_all": ("api_flip", "processed"),
    "api_queuedmail_due_all": ("api_queuedmail", "due"),
}


def create(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "mysql":
        for name, (table, column) in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX {name} ON {table} ({column})")


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "mysql":
        for name, (table, _) in INDEXES.items():
            schema_editor.execute(f"DROP INDEX {name} ON {table}")


class Migration(migrations.Migration):
    atomic = False  # MySQL commits with every statement of this sort
    dependencies = [("api", "0007_edits")]
    operations = [migrations.RunPython(create, drop)]
