"""One workload in core on its own page: its months, its money, its probations, its checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from budgets.models import CoreGrant, CoreReview, Graduation, Initiative, Probation, TrueUp
from budgets.queries.core_list import CoreRow, core_rows
from budgets.queries.core_money import newest_graduation
from budgets.queries.core_renewal import Renewal, renewals
from budgets.queries.core_reviews import reviews_of, terms_of_result
from org.models import User
from org.queries.calendar import fiscal_year_containing

HEIGHT, MARGIN = 160, 16
AXIS = 20  # beneath the drawing, for the names of the months


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A month on the control chart, in percent of its width and pixels of its height."""

    review: CoreReview
    name: str
    x: str
    y: str
    upper_y: str
    lower_y: str
    left: str
    width: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The level of each month beside what was signed and the limits around it."""

    marks: Sequence[Mark]
    centre_y: str
    axis_y: int
    height: int
    line: Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True, kw_only=True)
class CorePage:
    """Everything the page of a workload shows; `row` is None once it left core.

    `work` is what one result is called, such as a ticket.
    """

    initiative: Initiative
    graduation: Graduation
    row: CoreRow | None
    work: str
    reviews: Sequence[CoreReview]
    superseded: Sequence[CoreReview]
    chart: Chart | None
    probations: Sequence[Probation]
    grants: Sequence[CoreGrant]
    true_ups: Sequence[TrueUp]
    renewals: Sequence[Renewal]


def core_page(initiative: Initiative, *, user: User, on: date) -> CorePage | None:
    """Return the page of a workload that graduated, None of one that never did."""
    graduation = newest_graduation(initiative)
    if graduation is None:
        return None
    rows = core_rows(user=user, on=on, slug=initiative.slug)
    newest, terms = reviews_of(graduation), terms_of_result(graduation)
    every = graduation.reviews.order_by("-starts_on", "-number")
    grants = CoreGrant.objects.filter(part__graduation=graduation)
    year = max(fiscal_year_containing(on), graduation.fiscal_year) + 1
    return CorePage(
        initiative=initiative,
        graduation=graduation,
        row=rows[0] if rows else None,
        work=terms.unit_of_work if terms else "result",
        reviews=newest,
        superseded=[each for each in every if each not in newest],
        chart=chart_of(newest),
        probations=list(graduation.probations.order_by("-number")),
        grants=list(grants.select_related("part__unit", "journal").order_by("starts_on", "pk")),
        true_ups=list(graduation.true_ups.order_by("-number")),
        renewals=renewals(graduation, fiscal_year=year) if rows else [],
    )


def chart_of(reviews: Sequence[CoreReview]) -> Chart | None:
    """Place the months that have a level; None where none has."""
    known = [each for each in reviews if each.run_rate_usd is not None and each.centre_usd]
    if not known:
        return None
    values = [
        usd
        for each in known
        for usd in (each.run_rate_usd, each.lower_usd, each.upper_usd, each.centre_usd)
        if usd is not None
    ]
    scale = _Scale(min(values), max(values))
    step = Decimal(100) / len(known)
    marks = [_mark(each, scale, step * place, step) for place, each in enumerate(known)]
    return Chart(
        marks=marks,
        centre_y=scale.y(known[-1].centre_usd),
        axis_y=HEIGHT + AXIS - 6,
        height=HEIGHT + AXIS,
        line=[(a.x, a.y, b.x, b.y) for a, b in pairwise(marks)],
    )


class _Scale:
    """Dollars to pixels from the top, the largest at the top."""

    def __init__(self, low: Decimal, high: Decimal) -> None:
        self.low, self.span = low, (high - low) or Decimal(1)

    def y(self, usd: Decimal | None) -> str:
        share = ((usd if usd is not None else self.low) - self.low) / self.span
        return f"{HEIGHT - MARGIN - float(share) * (HEIGHT - 2 * MARGIN):.1f}"


def _mark(review: CoreReview, scale: _Scale, left: Decimal, width: Decimal) -> Mark:
    return Mark(
        review=review,
        name=review.label.split()[-1],
        x=f"{left + width / 2:.2f}",
        y=scale.y(review.run_rate_usd),
        upper_y=scale.y(review.upper_usd),
        lower_y=scale.y(review.lower_usd),
        left=f"{left:.2f}",
        width=f"{width:.2f}",
    )
