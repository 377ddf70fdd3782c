"""The alert engine: queued mails, our own outages, groups, flapping checks."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0004_housekeeping"),
    ]

    operations = [
        migrations.CreateModel(
            name="Listening",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Outage",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started", models.DateTimeField()),
                ("ended", models.DateTimeField(db_index=True)),
                ("excused_until", models.DateTimeField()),
                ("checks", models.IntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="check",
            name="excused_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="check",
            name="flapping_told",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="heartbeat",
            name="spooling_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="notification",
            name="changes",
            field=models.IntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="notification",
            name="group",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="members",
                to="api.notification",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="destination",
            field=models.CharField(blank=True, default="", editable=False, max_length=100),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["channel", "created"], name="api_notification_channel"),
        ),
        migrations.AddIndex(
            model_name="check",
            index=models.Index(
                condition=models.Q(("flapping_told__isnull", False)),
                fields=["flapping_told"],
                name="api_check_flapping",
            ),
        ),
        migrations.CreateModel(
            name="QueuedMail",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("to", models.CharField(max_length=254)),
                ("subject", models.TextField()),
                ("text", models.TextField(blank=True)),
                ("html", models.TextField(blank=True)),
                ("headers", models.JSONField(blank=True, default=dict)),
                ("bounce_id", models.CharField(max_length=200)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires", models.DateTimeField()),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("sending", "Being sent"),
                            ("sent", "Delivered"),
                            ("failed", "Failed"),
                            ("dropped", "Not sent"),
                        ],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("attempts", models.SmallIntegerField(default=0)),
                ("due", models.DateTimeField(blank=True, null=True)),
                ("settled", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "queued mail",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due__isnull", False)),
                        fields=["due"],
                        name="api_queuedmail_open",
                    )
                ],
            },
        ),
    ]
