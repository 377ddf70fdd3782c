"""What housekeeping keeps: its tasks, and the run times of a day in a form that can be added to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0003_ping_engine"),
    ]

    operations = [
        migrations.CreateModel(
            name="Chore",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=20, unique=True)),
                ("done", models.DateTimeField(null=True)),
                ("position", models.BigIntegerField(default=0)),
                ("holder", models.CharField(default="", max_length=120)),
                ("until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="dailyrollup",
            name="open_starts",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="dailyrollup",
            name="run_times",
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="dailyrollup",
            name="id",
            field=models.BigAutoField(primary_key=True, serialize=False),
        ),
    ]
