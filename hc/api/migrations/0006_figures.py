"""What each process has counted stands in its heartbeat."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0005_alert_engine"),
    ]

    operations = [
        migrations.AddField(
            model_name="heartbeat",
            name="figures",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
