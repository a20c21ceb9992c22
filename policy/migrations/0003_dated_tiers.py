"""Tiers get dates, task types and authors; rows are only ever added from now on."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("policy", "0002_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="modeltier", name="model_stands_in_one_tier"),
        migrations.AddField(
            model_name="modeltier",
            name="task_type",
            field=models.CharField(blank=True, default="", max_length=80),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="modeltier", name="starts_on", field=models.DateField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="modeltier",
            name="reason",
            field=models.CharField(default="Ranked before tiers had dates.", max_length=200),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="modeltier",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="modeltier",
            name="recorded_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="modeltier",
            name="needs_decision",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="modeltier",
            index=models.Index(fields=["provider", "model"], name="tier_of_model"),
        ),
        migrations.AddConstraint(
            model_name="modeltier",
            constraint=models.CheckConstraint(
                condition=models.Q(("tier__in", ["local", "economy", "mid", "frontier"])),
                name="tier_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="modeltier",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("needs_decision", False), ("starts_on__isnull", False), _connector="OR"
                ),
                name="tier_changes_from_a_day_on",
            ),
        ),
        append_only("policy_modeltier"),
    ]
