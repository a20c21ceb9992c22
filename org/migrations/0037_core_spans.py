"""The days on which a cost object runs in core."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

from org.grants import appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0036_router_scopes"),
    ]

    operations = [
        migrations.CreateModel(
            name="CoreSpan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(blank=True, null=True)),
                (
                    "cost_object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="core_spans",
                        to="org.costobject",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__isnull", True))
                        | models.Q(("ends_on__gt", models.F("starts_on"))),
                        name="core_span_ends_after_it_starts",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        name="core_spans_never_overlap",
                        expressions=[
                            (
                                models.Func(
                                    template="int8range(cost_object_id, cost_object_id + 1)"
                                ),
                                "&&",
                            ),
                            (models.Func("starts_on", "ends_on", function="daterange"), "&&"),
                        ],
                    ),
                ],
            },
        ),
        appended_and_closed("org_corespan", "ends_on"),
    ]
