"""The ways to phase a budget over the periods of its year."""

from django.db import models


class Phasing(models.TextChoices):
    EVEN = "even", "Even by day"
    WORKING_DAYS = "working", "By working days, Monday to Friday"
    WEIGHTS = "weights", "By own weights, one a period"
    SEASONAL = "seasonal", "As last year was spent"


# These keep a weight for each period with the budget; the others follow from the calendar.
WEIGHTED = (Phasing.WEIGHTS, Phasing.SEASONAL)
