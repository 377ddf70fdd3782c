"""MySQL and MariaDB have no partial indexes: that of open messages covers all messages there."""

from typing import Any

from django.db import migrations

INDEXES = {
    "api_notification_due": ("api_notification", "due"),
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
    dependencies = [("api", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
