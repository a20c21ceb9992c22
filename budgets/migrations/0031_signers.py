"""Decisions that are signed by several take effect once for each of them."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0030_thresholds"),
        ("org", "0035_signatures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="helddecision",
            name="decision_takes_effect_once_per_request",
        ),
        migrations.AddConstraint(
            model_name="helddecision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "done")),
                fields=("approval", "by"),
                name="decision_takes_effect_once_per_signer",
            ),
        ),
    ]
