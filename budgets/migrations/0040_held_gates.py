"""Decisions on gates can be taken back for a while too."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("budgets", "0032_openings")]

    operations = [
        migrations.AlterField(
            model_name="helddecision",
            name="approval",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="held",
                to="org.approval",
            ),
        ),
        migrations.AddField(
            model_name="helddecision",
            name="gate",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="held",
                to="budgets.gate",
            ),
        ),
        migrations.AddConstraint(
            model_name="helddecision",
            constraint=models.CheckConstraint(
                condition=Q(approval__isnull=True) ^ Q(gate__isnull=True),
                name="held_decision_is_on_one_matter",
            ),
        ),
        migrations.AddConstraint(
            model_name="helddecision",
            constraint=models.UniqueConstraint(
                condition=Q(state="held"),
                fields=["gate"],
                name="decision_is_held_once_per_gate",
            ),
        ),
    ]
