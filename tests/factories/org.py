"""Factories of org: people with accounts and roles, units, cost objects, tokens."""

# factory-boy says it is typed but is not.
# mypy: disable-error-code="no-untyped-call, attr-defined, untyped-decorator"

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from org.models import ApiToken, CostObject, Membership, Person, Role, Unit, User
from org.models.tokens import Scope
from org.operations.tokens import digest_of

PASSWORD = "correct horse battery"
AT = datetime(2026, 1, 1, tzinfo=UTC)


class PersonFactory(DjangoModelFactory[Person]):
    class Meta:
        model = Person

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(
        lambda person: f"{person.name.lower().replace(' ', '.')}@example.org"
    )


class UserFactory(DjangoModelFactory[User]):
    """An account of a person; `roles=[(Role.GM, unit), Role.AUDITOR]` gives it roles."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    person = factory.SubFactory(PersonFactory)
    email = factory.SelfAttribute("person.email")
    date_joined = AT
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def roles(self: Any, _create: Any, held: Any, **_: Any) -> None:
        for one in held or ():
            role, unit = one if isinstance(one, tuple) else (one, None)
            Membership.objects.create(user=self, role=role, unit=unit)


class UnitFactory(DjangoModelFactory[Unit]):
    """A unit beneath `parent`, with the first version of its history."""

    class Meta:
        model = Unit
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Unit {n}")
    slug = factory.LazyAttribute(lambda unit: unit.name.lower().replace(" ", "-"))
    parent = None
    path = ""

    @factory.post_generation
    def place(self: Any, _create: Any, _value: Any, **_: Any) -> None:
        self.path = f"{self.parent.path if self.parent else ''}{self.pk}/"
        self.save(update_fields=["path"])
        self.versions.create(
            name=self.name,
            parent=self.parent,
            owner=self.owner,
            starts_on=AT.date(),
            recorded_at=AT,
        )


class CostObjectFactory(DjangoModelFactory[CostObject]):
    class Meta:
        model = CostObject

    name = factory.Sequence(lambda n: f"Cost object {n}")
    slug = factory.LazyAttribute(lambda made: made.name.lower().replace(" ", "-"))
    unit = factory.SubFactory(UnitFactory)


class ApiTokenFactory(DjangoModelFactory[ApiToken]):
    """A token whose secret is given: `ApiTokenFactory(secret="tok_x")`."""

    class Meta:
        model = ApiToken

    class Params:
        secret = factory.Sequence(lambda n: f"tok_secret-{n}")

    name = "router"
    user = factory.SubFactory(UserFactory, roles=[Role.ENGINEER])
    prefix = factory.LazyAttribute(lambda token: token.secret[:8])
    digest = factory.LazyAttribute(lambda token: digest_of(token.secret))
    scopes = [Scope.POLICY_READ.value]
    created_at = AT
    created_by = factory.SelfAttribute("user")
    expires_at = factory.LazyAttribute(lambda token: token.created_at + timedelta(days=365))


def new_user(**values: Any) -> User:
    """Store an account; `roles=[(Role.GM, unit), Role.AUDITOR]`, `person__name="Ana"`."""
    made: User = _made_by(UserFactory, values)
    return made


def new_unit(name: str, **values: Any) -> Unit:
    made: Unit = _made_by(UnitFactory, values | {"name": name})
    return made


def new_cost_object(**values: Any) -> CostObject:
    made: CostObject = _made_by(CostObjectFactory, values)
    return made


def new_token(**values: Any) -> ApiToken:
    """Store a token; `secret="tok_x"` says its secret."""
    made: ApiToken = _made_by(ApiTokenFactory, values)
    return made


def _made_by(factory_class: Any, values: dict[str, Any]) -> Any:
    """Call a factory, which the type checker does not see through."""
    return factory_class(**values)
