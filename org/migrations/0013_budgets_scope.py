"""Tokens may be given the right to take the steps of budgets."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0012_notices"),
    ]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("policy:read", "Policy Read"),
                        ("usage:write", "Usage Write"),
                        ("imports:write", "Imports Write"),
                        ("spend:read", "Spend Read"),
                        ("initiatives:write", "Initiatives Write"),
                        ("budgets:write", "Budgets Write"),
                    ],
                    max_length=24,
                ),
                size=None,
            ),
        ),
    ]
