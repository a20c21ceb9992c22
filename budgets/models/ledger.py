"""The budget ledger: accounts, journals, and postings that sum to zero."""

from django.db import models
from django.db.models import Q


class Account(models.Model):
    """Where granted money stands.

    The fund is where grants come from: its balance is minus everything granted.
    """

    class Kind(models.TextChoices):
        FUND = "fund", "Company AI fund"
        RESERVE = "reserve", "Reserve"
        CORE = "core", "Core"
        POOL = "pool", "Experimentation pool"
        INITIATIVE = "initiative", "Initiative"

    kind = models.CharField(max_length=10, choices=Kind)
    fiscal_year = models.PositiveSmallIntegerField()
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="accounts", null=True, blank=True
    )
    initiative = models.ForeignKey(
        "budgets.Initiative",
        on_delete=models.PROTECT,
        related_name="accounts",
        null=True,
        blank=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "fiscal_year", "unit", "initiative"],
                nulls_distinct=False,
                name="account_is_kept_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="fund", unit__isnull=True)
                | Q(kind__in=["core", "pool", "reserve", "initiative"], unit__isnull=False),
                name="account_belongs_to_a_unit_or_the_company",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.unit or ''} FY{self.fiscal_year}"


class Journal(models.Model):
    """One movement of money, with what caused it; never changed, only reversed."""

    class Kind(models.TextChoices):
        GRANT = "grant", "Budget granted"
        REVISION = "revision", "Budget revised"
        TRANSFER = "transfer", "Reserve opened"
        EXPERIMENT = "experiment", "Experiment funded"
        TOP_UP = "top_up", "Experiment topped up"
        RELEASE = "release", "Unspent returned"
        GRADUATION = "graduation", "Graduated into core"
        TRUE_UP = "true_up", "Core trued up"
        DEMOTION = "demotion", "Demoted from core"

    kind = models.CharField(max_length=12, choices=Kind)
    memo = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    approval = models.ForeignKey(
        "org.Approval", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    def __str__(self) -> str:
        return self.memo


class Posting(models.Model):
    """One line of a journal.

    A deferred trigger refuses a journal that is not zero, another one a line that takes from
    an account more than it holds; only the fund may, whose balance is what it gave.
    """

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount_usd = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_usd=0), name="posting_moves_something")
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.amount_usd}"
