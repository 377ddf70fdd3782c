from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("api", "0009_not_before")]

    operations = [
        migrations.AddField(
            model_name="check",
            name="removed",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.CreateModel(
            name="RemovedCheck",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("removed", models.DateTimeField(db_index=True)),
                ("by", models.CharField(blank=True, default="", max_length=254)),
                ("channels", models.JSONField(default=list)),
                ("is_log", models.BooleanField(default=False)),
                ("columns", models.JSONField(default=dict)),
                (
                    "log_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.deletion.SET_NULL,
                        related_name="cleared_logs",
                        to="api.check",
                    ),
                ),
                (
                    "owner",
                    models.OneToOneField(
                        on_delete=models.deletion.CASCADE,
                        related_name="removal",
                        to="api.check",
                    ),
                ),
            ],
        ),
    ]
