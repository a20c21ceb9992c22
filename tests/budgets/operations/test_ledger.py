"""The ledger: accounts made once, journals that balance, history nobody can change."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets.models import Account, Journal, Posting
from budgets.operations.ledger import account_of, post_journal
from budgets.queries.ledger import balance_usd
from finops.ledger import Unbalanced
from tests.factories.org import new_unit
from tests.org_cast import gather
from tests.races import race

cents = st.integers(min_value=-(10**9), max_value=10**9).map(lambda n: Decimal(n).scaleb(-2))


def fund() -> Account:
    return account_of(kind=Account.Kind.FUND, fiscal_year=2026)


def next_fund() -> Account:
    return account_of(kind=Account.Kind.FUND, fiscal_year=2027)


def grant(*lines: tuple[Account, Decimal], at: datetime) -> Journal:
    return post_journal(kind=Journal.Kind.GRANT, memo="A grant", lines=list(lines), by=None, at=at)


@pytest.mark.django_db
def test_an_account_is_made_once_and_found_again() -> None:
    assert fund() == fund()
    assert Account.objects.count() == 1


@pytest.mark.django_db
def test_accounts_of_other_years_and_units_are_other_accounts() -> None:
    support = new_unit("Support")

    made = {
        account_of(kind=Account.Kind.CORE, fiscal_year=2026, unit=support).pk,
        account_of(kind=Account.Kind.POOL, fiscal_year=2026, unit=support).pk,
        account_of(kind=Account.Kind.CORE, fiscal_year=2027, unit=support).pk,
    }

    assert len(made) == 3


@pytest.mark.django_db(transaction=True)
def test_eight_who_need_an_account_at_once_get_the_same_one() -> None:
    gather()

    found = race(*[fund] * 8)

    assert {account.pk for account in found} == {Account.objects.get().pk}


@pytest.mark.django_db
def test_a_journal_moves_money_from_one_account_to_another(at: datetime) -> None:
    journal = grant((fund(), Decimal("-12.50")), (next_fund(), Decimal("12.50")), at=at)

    assert balance_usd(fund()) == Decimal("-12.50")
    assert balance_usd(next_fund()) == Decimal("12.50")
    assert journal.postings.count() == 2


@pytest.mark.django_db
def test_an_account_without_postings_holds_nothing() -> None:
    assert balance_usd(fund()) == Decimal("0.00")


@pytest.mark.django_db
def test_lines_that_do_not_sum_to_zero_are_refused_before_anything_is_written(at: datetime) -> None:
    with pytest.raises(Unbalanced, match=r"sum to zero, not to 0\.01"):
        grant((fund(), Decimal("-12.49")), (next_fund(), Decimal("12.50")), at=at)

    assert Journal.objects.count() == 0


@pytest.mark.django_db
def test_an_amount_finer_than_a_cent_is_refused_rather_than_rounded(at: datetime) -> None:
    with pytest.raises(ValueError, match=r"finer than a cent: -0\.005"):
        grant((fund(), Decimal("-0.005")), (next_fund(), Decimal("0.005")), at=at)


@pytest.mark.django_db
def test_a_line_of_zero_is_left_out(at: datetime) -> None:
    support = new_unit("Support")
    pool = account_of(kind=Account.Kind.POOL, fiscal_year=2026, unit=support)

    grant((fund(), Decimal(-1)), (next_fund(), Decimal(1)), (pool, Decimal(0)), at=at)

    assert Posting.objects.filter(account=pool).count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_refuses_a_journal_that_is_off(at: datetime) -> None:
    journal = Journal.objects.create(kind=Journal.Kind.GRANT, memo="By hand", at=at)

    with pytest.raises(IntegrityError, match="postings must sum to zero"):
        Posting.objects.create(journal=journal, account=fund(), amount_usd=Decimal(5))

    assert Posting.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "verb", ["UPDATE budgets_posting SET amount_usd = 1", "DELETE FROM budgets_journal"]
)
def test_what_was_posted_cannot_be_changed(at: datetime, verb: str) -> None:
    grant((fund(), Decimal(-1)), (next_fund(), Decimal(1)), at=at)

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb)


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(cents.filter(bool), min_size=1, max_size=6))
def test_whatever_is_posted_all_accounts_together_hold_nothing(
    at: datetime, amounts: list[Decimal]
) -> None:
    with transaction.atomic():
        for amount in amounts:
            grant((fund(), -amount), (next_fund(), amount), at=at)

        assert balance_usd(fund()) == -sum(amounts)
        assert balance_usd(fund()) + balance_usd(next_fund()) == 0
        transaction.set_rollback(True)
