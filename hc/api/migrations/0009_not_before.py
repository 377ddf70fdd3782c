from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("api", "0008_mysql_poll_indexes")]
    operations = [
        migrations.AddField(
            model_name="notification",
            name="not_before",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
