"""What was granted, where that is less than was asked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("org", "0010_fiscal_calendars")]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="granted_usd",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("granted_usd__isnull", True),
                    models.Q(
                        ("amount_usd__isnull", False),
                        ("granted_usd__gt", 0),
                        ("granted_usd__lt", models.F("amount_usd")),
                        ("state", "approved"),
                    ),
                    _connector="OR",
                ),
                name="approval_grants_no_more_than_was_asked",
            ),
        ),
    ]
