"""Who may note something on a baseline, and the sentence for who may not."""

from budgets.models import Initiative
from budgets.rights import askers_of
from org.models import Role, Unit, User
from org.permissions import has_role

NOTING = (Role.ENGINEER, Role.FINANCE, Role.CFO)


def why_not_note(user: User, *, initiative: Initiative | None, unit: Unit | None) -> str | None:
    """Say why the user may not note anything on an experiment, a unit, or the whole company."""
    where = initiative.unit if initiative else unit
    if not has_role(user, *NOTING, unit=where):
        whose = where or "the whole company"
        return f"Only an engineer, finance or a CFO of {whose} notes holidays and outages."
    if user.person_id is None:
        return "This account belongs to no person, so it cannot note anything."
    if initiative is not None and user.person_id in askers_of([initiative])[initiative.pk]:
        return "You asked for this experiment: another person notes what happened on its days."
    return None


def why_not_lift(user: User, *, initiative: Initiative) -> str | None:
    """Say why the user may not lift a freeze."""
    return why_not_note(user, initiative=initiative, unit=None)
