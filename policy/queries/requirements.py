"""What is required of models on a day: the quality by task and risk, and the labels."""

from collections.abc import Mapping
from datetime import date

from policy.models import QualityRequirement, WorkflowLabel

ANY_TASK = ""


class Requirements:
    """The requirements and labels in force on one day."""

    def __init__(
        self,
        required: Mapping[tuple[str, str], QualityRequirement],
        labels: Mapping[str, WorkflowLabel],
    ) -> None:
        self.required = required
        self.labels = labels

    def of(self, task_type: str, risk: str) -> QualityRequirement | None:
        """Return what is required of a task at a risk: its own before that of any task."""
        return self.required.get((task_type, risk)) or self.required.get((ANY_TASK, risk))


def requirements_on(day: date) -> Requirements:
    """Return what holds on a day, the newest in force of each, in two queries."""
    begun = {"starts_on__lte": day}
    order = ("starts_on", "pk")
    required = QualityRequirement.objects.filter(**begun).select_related("by__person")
    labels = WorkflowLabel.objects.filter(**begun).select_related("by__person")
    return Requirements(
        {(row.task_type, row.risk): row for row in required.order_by(*order)},
        {row.workflow: row for row in labels.order_by(*order)},
    )
