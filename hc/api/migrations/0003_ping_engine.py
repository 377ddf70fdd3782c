"""Pings change no indexed column of their check, so PostgreSQL can update rows in place (HOT)."""

from typing import Any

from django.db import migrations, models


def make_room(apps: Any, schema_editor: Any) -> None:
    """PostgreSQL: room on each page for the next versions of its rows."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE api_check SET (fillfactor = 60)")


def set_sweep_at(apps: Any, schema_editor: Any) -> None:
    apps.get_model("api", "Check").objects.update(sweep_at=models.F("alert_after"))


class Migration(migrations.Migration):
    atomic = False  # MySQL commits with every statement that changes a table
    dependencies = [
        ("accounts", "0001_initial"),
        ("api", "0002_mysql_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Journal",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                ("position", models.BigIntegerField()),
                ("updated", models.DateTimeField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name="check",
            name="api_check_aa_not_down",
        ),
        migrations.AddField(
            model_name="check",
            name="rolled_n",
            field=models.IntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="check",
            name="sweep_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="ping",
            name="outcome",
            field=models.CharField(max_length=1, null=True),
        ),
        migrations.RunPython(set_sweep_at, migrations.RunPython.noop),
        migrations.RunPython(make_room, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="check",
            index=models.Index(
                condition=models.Q(("sweep_at__isnull", False)),
                fields=["sweep_at"],
                name="api_check_sweep_at",
            ),
        ),
    ]
