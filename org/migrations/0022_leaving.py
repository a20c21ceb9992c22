"""The day on which a person leaves."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0021_delegations"),
    ]

    operations = [
        migrations.AddField(
            model_name="person",
            name="leaves_on",
            field=models.DateField(blank=True, null=True),
        ),
    ]
