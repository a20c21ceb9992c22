"""How far a company was lived: the audit log says so, entry by entry, and nothing else has to."""

from dataclasses import dataclass
from datetime import date, datetime

from ingestion.models import Event
from org import audit
from org.models import AuditEntry, Company
from org.refusals import Refusal

FOUNDED, DONE, DAY = "simulation.founded", "simulation.done", "simulation.day"


class NotOurs(Refusal):
    """Somebody else's company: a story would be mixed into its ledger."""

    title = "The database is not empty"


@dataclass(frozen=True, slots=True)
class Lived:
    """What is lived: by which story and seed, since when, and the last instant of it."""

    story: str
    seed: str
    first_day: date
    until: datetime


def lived() -> Lived | None:
    """Return what was lived so far, None in an empty database; raises NotOurs for any other."""
    founded = AuditEntry.objects.filter(action=FOUNDED).order_by("pk").first()
    if founded is None:
        _refuse_company()
        return None
    last = AuditEntry.objects.filter(action__in=[FOUNDED, DONE, DAY]).latest("pk")
    detail = founded.detail
    first_day = date.fromisoformat(detail["first_day"])
    return Lived(detail["story"], detail["seed"], first_day, last.at)


def remember_founding(*, story: str, seed: str, first_day: date, at: datetime) -> Lived:
    """Write down that a company begins here, before anything of it is there."""
    detail = {"story": story, "seed": seed, "first_day": first_day.isoformat()}
    audit.record(actor=None, action=FOUNDED, subject=f"story:{story}", at=at, detail=detail)
    return Lived(story, seed, first_day, at)


def remember(action: str, says: str, *, day: int, at: datetime) -> None:
    """Write down what was done; what is done until then is not done again."""
    audit.record(actor=None, action=action, subject=f"day:{day}", at=at, detail={"says": says})


def _refuse_company() -> None:
    company = Company.objects.first()
    if company is not None or Event.objects.exists():
        name = f"“{company}”" if company else "usage of a company"
        raise NotOurs(
            f"This database holds {name} already, which was not founded by `simulate`:"
            " a simulation needs an empty one."
        )
