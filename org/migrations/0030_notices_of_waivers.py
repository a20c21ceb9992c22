"""Notices of what ends speak of waivers, too."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0024_cash"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("request", "Requests to decide"),
                    ("question", "Questions about a request"),
                    ("decision", "Decisions"),
                    ("deferral", "Deferrals"),
                    ("expiry", "Experiments and waivers that end, passes that run out"),
                    ("stop", "Experiments that are stopped"),
                    ("threshold", "Budgets and caps that run out"),
                    ("handover", "Duties that pass to another person"),
                    ("test", "Tests of a webhook"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="noticechoice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("request", "Requests to decide"),
                    ("question", "Questions about a request"),
                    ("decision", "Decisions"),
                    ("deferral", "Deferrals"),
                    ("expiry", "Experiments and waivers that end, passes that run out"),
                    ("stop", "Experiments that are stopped"),
                    ("threshold", "Budgets and caps that run out"),
                    ("handover", "Duties that pass to another person"),
                    ("test", "Tests of a webhook"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="kinds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("request", "Requests to decide"),
                        ("question", "Questions about a request"),
                        ("decision", "Decisions"),
                        ("deferral", "Deferrals"),
                        ("expiry", "Experiments and waivers that end, passes that run out"),
                        ("stop", "Experiments that are stopped"),
                        ("threshold", "Budgets and caps that run out"),
                        ("handover", "Duties that pass to another person"),
                        ("test", "Tests of a webhook"),
                    ],
                    max_length=12,
                ),
                size=None,
            ),
        ),
    ]
