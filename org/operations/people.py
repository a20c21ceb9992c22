"""Adding people, the accounts they sign in with, and their roles."""

from datetime import date, datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from org import audit
from org.models import Membership, Person, Role, Unit, User
from org.permissions import can_manage_people
from org.refusals import Invalid, NotAllowed


@transaction.atomic
def add_person_with_account(
    *,
    username: str,
    name: str,
    email: str,
    password: str | None,
    roles: list[tuple[Role, Unit | None]],
    by: User | None = None,
    at: datetime | None = None,
) -> User:
    """Add an account with its roles, for a person who may have accounts already.

    The email address says who the person is. Without a password nobody signs in, which suits
    an account that only holds tokens. `by` and `at` are None where an installation sets
    itself up; the account's own date then stands for the moment.
    """
    if by is not None and not can_manage_people(by):
        raise NotAllowed("Only an Administrator adds people.")
    user = User(username=username, email=_checked_email(email))
    user.person = _person(name=name, email=user.email)
    # Who sets the installation up answers for the passwords given there.
    if by is not None and password is not None:
        _check_password(user, password)
    user.set_password(password)
    if at is not None:
        user.date_joined = at
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise Invalid.of("username", f"There is already an account {username!r}.") from error
    Membership.objects.bulk_create(
        Membership(user=user, role=role, unit=unit) for role, unit in roles
    )
    audit.record(
        actor=by,
        action="account.added",
        subject=f"account:{username}",
        at=user.date_joined,
        detail={"person": user.person.pk, "roles": [_in_words(*held) for held in roles]},
    )
    return user


@transaction.atomic
def set_leaving(*, person_id: int, leaves_on: date | None, by: User, at: datetime) -> Person:
    """Say on which day a person is not there any more, or that she stays after all."""
    if not can_manage_people(by):
        raise NotAllowed("Only an Administrator says when somebody leaves.")
    person = Person.objects.select_for_update().get(pk=person_id)
    person.leaves_on = leaves_on
    person.save(update_fields=["leaves_on"])
    subject, detail = f"person:{person.pk}", {"name": person.name, "leaves_on": leaves_on}
    audit.record(actor=by, action="person.leaving", subject=subject, at=at, detail=detail)
    return person


def _person(*, name: str, email: str) -> Person:
    person = Person.objects.filter(email=email).first()
    if person is not None:
        return person
    if not name.strip():
        raise Invalid.of("name", "A person needs a name.")
    person, _ = Person.objects.get_or_create(email=email, defaults={"name": name.strip()})
    return person


def _checked_email(email: str) -> str:
    # Addresses that differ in case are one mailbox, and so one person.
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid.of("email", f"{email!r} is no email address.") from error
    return email


def _check_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid.of("password", " ".join(error.messages)) from error


def _in_words(role: Role, unit: Unit | None) -> str:
    return f"{role.value} of {unit.slug if unit else 'the company'}"
