"""What is odd about rows that were taken, counted for each delivery."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0060_repriced_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="Doubt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=40)),
                ("rows", models.BigIntegerField()),
                ("first_line", models.BigIntegerField()),
                ("first_field", models.CharField(blank=True, max_length=120)),
                ("first_text", models.CharField(blank=True, max_length=200)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="doubts",
                        to="ingestion.delivery",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("delivery", "code"), name="doubt_is_kept_once_per_delivery"
                    )
                ],
            },
        ),
    ]
