"""Saying what a unit of work is and when it counts as done: a change is a new version."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from ingestion.models import OutcomeDefinition, OutcomeTerms
from ingestion.queries.definitions import terms_in_force
from org import audit
from org.models import Unit, User
from org.permissions import can_manage_metrics
from org.refusals import Invalid, NotAllowed, Stale

Kind, Basis = OutcomeTerms.Kind, OutcomeTerms.Basis


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a definition says. Every amount is for one task but `platform_usd_per_month`.

    `review_usd` is what people spend to check a task, `rework_usd` what a task costs that
    models did not finish and people do.
    """

    name: str
    unit_of_work: str
    success: str
    owner: User
    source: str
    workflows: Sequence[str]
    kind: str = Kind.INTERNAL
    product: str = ""
    value_usd: Decimal | None = None
    minutes_saved: Decimal | None = None
    minutes_basis: str = ""
    loaded_usd_per_hour: Decimal | None = None
    review_usd: Decimal | None = None
    rework_usd: Decimal | None = None
    platform_usd_per_month: Decimal | None = None


@transaction.atomic
def define_outcome(*, unit: Unit, terms: Terms, by: User, at: datetime) -> OutcomeDefinition:
    """Define what one unit of work is, and from now on count its results.

    Raises NotAllowed, and Invalid for terms that do not hold.
    """
    _check_right(by)
    _check(terms)
    slug = slugify(terms.name)[:60]
    if not slug:
        raise Invalid.of("name", "The name needs a letter or a digit.")
    _check_workflows_are_free(terms, unless=None)
    try:
        with transaction.atomic():
            definition = OutcomeDefinition.objects.create(slug=slug, unit=unit)
    except IntegrityError as error:
        raise Invalid.of("name", f"There is an outcome called {slug!r} already.") from error
    _keep(definition, terms, action="outcome.define", by=by, at=at)
    return definition


@transaction.atomic
def revise_outcome(
    *, definition_id: int, terms: Terms, version: int, by: User, at: datetime
) -> OutcomeDefinition:
    """Let other terms hold from now on; outcomes that were told before keep theirs."""
    _check_right(by)
    _check(terms)
    definition = OutcomeDefinition.objects.select_for_update(no_key=True).get(pk=definition_id)
    if definition.version != version:
        raise Stale(
            f"{definition.slug} was changed meanwhile: it is at version {definition.version}, "
            f"and you read version {version}. Open it again."
        )
    _check_workflows_are_free(terms, unless=definition)
    definition.version += 1
    definition.save(update_fields=["version"])
    _keep(definition, terms, action="outcome.revise", by=by, at=at)
    return definition


def _keep(
    definition: OutcomeDefinition, terms: Terms, *, action: str, by: User, at: datetime
) -> None:
    values = {spec: getattr(terms, spec) for spec in Terms.__dataclass_fields__}
    values["workflows"] = list(terms.workflows)
    OutcomeTerms.objects.create(
        definition=definition,
        number=definition.version,
        recorded_at=at,
        recorded_by=by,
        **values,
    )
    audit.record(
        actor=by,
        action=action,
        subject=f"outcome:{definition.slug}",
        at=at,
        detail=_told(terms) | {"version": definition.version},
    )


def _told(terms: Terms) -> dict[str, object]:
    return {k: v for k, v in asdict(terms).items() if k != "owner"} | {
        "owner": terms.owner.username
    }


def _check_right(by: User) -> None:
    if not can_manage_metrics(by):
        raise NotAllowed("Outcomes are defined by FinOps analysts and administrators.")


def _check(terms: Terms) -> None:
    if not terms.workflows or not all(name.strip() for name in terms.workflows):
        raise Invalid.of("workflows", "Name at least one workflow whose calls do this work.")
    if terms.kind == Kind.CUSTOMER and not terms.product:
        raise Invalid.of("product", "Work that customers pay for names the product they buy.")
    if terms.kind == Kind.INTERNAL and terms.product:
        raise Invalid.of("product", "Internal work belongs to no product: leave it empty.")
    if (terms.minutes_saved is None) != (not terms.minutes_basis):
        raise Invalid.of(
            "minutes_basis", "Minutes saved and how they are known go together: give both or none."
        )


def _check_workflows_are_free(terms: Terms, *, unless: OutcomeDefinition | None) -> None:
    """Refuse a workflow that another definition counts: its outcomes would be nobody's."""
    for other in terms_in_force():
        if unless is not None and other.definition_id == unless.pk:
            continue
        if taken := sorted(set(terms.workflows) & set(other.workflows)):
            raise Invalid.of(
                "workflows", f"The workflow {taken[0]!r} is counted by “{other.name}” already."
            )
