"""When people were told that an account is going to be deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="profile",
            name="deletion_reminded",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
