"""What an experiment's calls are booked to: its own cost object, and those of other departments."""

from budgets.models import Initiative
from org.models import CostObject


def cost_objects_of(initiative: Initiative) -> list[CostObject]:
    """Return its own cost object first; a second department's has calls only while in core.

    Raises ValueError for one that runs without any.
    """
    if initiative.cost_object is None:
        raise ValueError(f"{initiative} runs without a cost object.")
    shared = CostObject.objects.filter(pk__in=_shared(initiative)).order_by("pk")
    return [initiative.cost_object, *shared.exclude(pk=initiative.cost_object.pk)]


def _shared(initiative: Initiative) -> list[int]:
    rows = initiative.graduations.values_list("parts__cost_object", flat=True)
    return [pk for pk in rows if pk is not None]
