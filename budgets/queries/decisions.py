"""What a decision needs: the ask, its terms and checks, the money before and after."""

from dataclasses import dataclass
from datetime import date, datetime

from budgets.amounts import LABELS, NOTHING
from budgets.binding_sentences import binding_check
from budgets.lifecycle import BudgetState, InitiativeState
from budgets.models import Budget, Initiative
from budgets.openings import CoveredLine
from budgets.queries.checks import Check, asking_checks
from budgets.queries.experiments import InitiativeStanding, initiative_standing
from budgets.queries.extensions import end_asked, end_before, extension_checks
from budgets.queries.grants import Grant, grant_of
from budgets.queries.hierarchy import Room, room_for
from budgets.queries.ledger import held_by
from budgets.queries.money_effects import Effect, money_effects, pool_effect
from budgets.queries.offers import Offer, budget_offers, initiative_offers
from budgets.queries.openings import lines_asked, overlap_problem
from budgets.queries.pool_policy import budget_problems, profile_of_request
from budgets.queries.revisions import (
    FUND_GIVES,
    amounts_asked,
    amounts_before,
    difference_in_words,
    revision_checks,
)
from budgets.queries.written_terms import written_terms
from budgets.rights import BUDGET, EXTENSION, INITIATIVE, OPENING, REVISION
from budgets.terms import Change, change_in, terms_of
from finops.periods import ONE_DAY
from org.models import Approval, User
from org.queries.calendar import periods_of_year, reporting_today
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd

DECIDING = (
    "approve",
    "reject",
    "ask",
    "grant_extension",
    "reject_extension",
    "grant_revision",
    "reject_revision",
    "grant_opening",
    "reject_opening",
)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Everything the decision page shows. Without offers there is nothing left to decide.

    `terms` are those that were asked for; `asked` has those of which less can be granted,
    and `grant` is there where less was. `standing` is that of an experiment whose end moves.
    """

    subject: Budget | Initiative
    url: str
    ask: str
    reason: str
    terms: list[tuple[str, str]]
    checks: list[Check]
    effects: list[Effect]
    offers: list[Offer]
    asked: Change | None = None
    grant: Grant | None = None
    standing: InitiativeStanding | None = None

    @property
    def version(self) -> int:
        return self.subject.version

    @property
    def may_approve(self) -> bool:
        return any(offer.action == "approve" and offer.is_open for offer in self.offers)

    @property
    def may_ask(self) -> bool:
        return any(offer.action == "ask" for offer in self.offers)

    @property
    def why_not(self) -> str | None:
        """Say why this person may not decide, None where she may or nobody can."""
        return next((offer.why_not for offer in self.offers if offer.why_not), None)


def decision_on(approval: Approval, *, user: User, at: datetime) -> Decision | None:
    """Return what an approval is about, None where it is not a matter of budgets."""
    waits = approval.state == Approval.State.PENDING
    if approval.kind == BUDGET:
        return _of_budget(_budget(approval), user=user, at=at, waits=waits)
    if approval.kind == REVISION:
        return _of_revision(_budget(approval), approval, user=user, at=at, waits=waits)
    if approval.kind == OPENING:
        return _of_opening(_budget(approval), approval, user=user, at=at, waits=waits)
    if approval.kind == INITIATIVE:
        initiative = _initiative(approval)
        asked = change_in(approval.terms)
        return _of_initiative(initiative, asked, user=user, at=at, waits=waits)
    if approval.kind == EXTENSION:
        return _of_extension(_initiative(approval), approval, user=user, at=at)
    return None


def _budget(approval: Approval) -> Budget:
    return Budget.objects.select_related("unit", "created_by").get(pk=approval.subject_id)


def _initiative(approval: Approval) -> Initiative:
    found = Initiative.objects.select_related(
        "unit", "owner__person", "on_call__person", "requested_by", "cost_object__scope"
    )
    return found.get(pk=approval.subject_id)


def _of_budget(budget: Budget, *, user: User, at: datetime, waits: bool) -> Decision:
    waits = waits and budget.state == BudgetState.REQUESTED
    room = room_for(budget) if waits else None
    return Decision(
        subject=budget,
        url=f"/budgets/{budget.pk}/",
        ask=f"{budget.created_by} asks for {usd(budget.amounts.total_usd)}"
        f" for {budget.unit} in FY{budget.fiscal_year}.",
        reason=budget.note,
        terms=[
            ("Unit", str(budget.unit)),
            ("Fiscal year", f"FY{budget.fiscal_year}"),
            *((label, usd(value)) for label, value in budget.amounts.named()),
            ("Phasing of the core", budget.get_phasing_display()),
        ],
        checks=_budget_checks(budget, room, on=reporting_today(at)) if room else [],
        effects=money_effects(budget, room, NOTHING, budget.amounts.minus(room.beneath))
        if room
        else [],
        offers=_deciding(budget_offers(budget, user=user, at=at)) if waits else [],
    )


def _of_revision(
    budget: Budget, approval: Approval, *, user: User, at: datetime, waits: bool
) -> Decision:
    waits = waits and budget.state == BudgetState.ACTIVE
    before, amounts = amounts_before(approval), amounts_asked(approval)
    return Decision(
        subject=budget,
        url=f"/budgets/{budget.pk}/",
        ask=f"{approval.requested_by} asks to revise the budget of {budget.unit} for"
        f" FY{budget.fiscal_year}: {difference_in_words(before, amounts)}.",
        reason=approval.terms["reason"],
        terms=[
            ("Unit", str(budget.unit)),
            ("Fiscal year", f"FY{budget.fiscal_year}"),
            *(
                (label, usd(now) if now == was else f"{usd(now)} instead of {usd(was)}")
                for (label, was), now in zip(before.named(), amounts, strict=True)
            ),
            ("In force from", "The day it is approved; what was planned before stays"),
        ],
        checks=revision_checks(budget, amounts, on=reporting_today(at)) if waits else [],
        effects=money_effects(budget, room_for(budget), held_by(budget), amounts.minus(before))
        if waits
        else [],
        offers=_deciding(budget_offers(budget, user=user, at=at), of=REVISION) if waits else [],
    )


def _of_opening(
    budget: Budget, approval: Approval, *, user: User, at: datetime, waits: bool
) -> Decision:
    waits = waits and budget.state == BudgetState.ACTIVE
    lines = lines_asked(approval)
    labels = {period.number: period.label for period in periods_of_year(budget.fiscal_year)}
    twice = overlap_problem(budget, lines) if waits else None
    total_usd = sum(line.amount_usd for line in lines)
    return Decision(
        subject=budget,
        url=f"/budgets/{budget.pk}/",
        ask=f"{approval.requested_by} asks to count {usd(total_usd)} that {budget.unit} spent in"
        f" FY{budget.fiscal_year} before usage was loaded.",
        reason=approval.terms["reason"],
        terms=[
            ("Unit", str(budget.unit)),
            ("Source", approval.terms["source"]),
            *(
                (
                    labels[line.period],
                    _told_of(line),
                )
                for line in lines
            ),
        ],
        checks=[
            Check(
                "/periods",
                "No usage is loaded of these days",
                twice is None,
                twice or "Nothing is counted twice.",
            )
        ]
        if waits
        else [],
        effects=[],
        offers=_deciding(budget_offers(budget, user=user, at=at), of=OPENING) if waits else [],
    )


def _told_of(line: CoveredLine) -> str:
    last = written_day(line.ends_on - ONE_DAY)
    return f"{usd(line.amount_usd)}, {written_day(line.starts_on)} to {last}"


def _of_initiative(
    initiative: Initiative, change: Change, *, user: User, at: datetime, waits: bool
) -> Decision:
    waits = waits and initiative.state == InitiativeState.REQUESTED
    terms, on = change.of(terms_of(initiative)), reporting_today(at)
    asked = initiative.steps.filter(action="submit").select_related("by__person").last()
    who = asked.by if asked and asked.by else initiative.requested_by
    return Decision(
        subject=initiative,
        url=f"/initiatives/{initiative.slug}/",
        ask=f"{who} asks for {usd(terms.cap_usd)} from the pool of {terms.unit} to run"
        f" “{terms.name}” from {written_day(terms.starts_on)} until"
        f" {written_day(terms.ends_on)}.",
        reason=asked.reason if asked and asked.reason else initiative.hypothesis,
        terms=written_terms(terms),
        checks=[*asking_checks(initiative, on=on, change=change), binding_check(terms, at=at)]
        if waits
        else [],
        effects=pool_effect(initiative, on=on) if waits else [],
        offers=_deciding(initiative_offers(initiative, user=user, extension=None, at=at))
        if waits
        else [],
        asked=change,
        grant=grant_of(initiative),
    )


def _of_extension(
    initiative: Initiative, extension: Approval, *, user: User, at: datetime
) -> Decision:
    waits = extension.state == Approval.State.PENDING
    ends_on, ended_on, on = end_asked(extension), end_before(extension), reporting_today(at)
    wish = initiative.steps.filter(action="extend", at=extension.requested_at).last()
    standing = initiative_standing(initiative=initiative, on=on)
    found = profile_of_request(kind=EXTENSION, subject_id=initiative.pk, on=on)
    return Decision(
        subject=initiative,
        url=f"/initiatives/{initiative.slug}/",
        ask=f"{extension.requested_by} asks to let “{initiative.name}” run until"
        f" {written_day(ends_on)} instead of {written_day(ended_on)}, without more money.",
        reason=wish.reason if wish else "",
        terms=[
            ("Unit", str(initiative.unit)),
            ("Old end date", written_day(ended_on)),
            ("New end date", written_day(ends_on)),
            ("Days added", str((ends_on - ended_on).days)),
            ("Cap, which stays", usd(initiative.cap_usd)),
            ("Left of the cap", usd(standing.left_usd)),
            ("Daily cap, which stays", usd(initiative.daily_cap_usd)),
        ],
        checks=extension_checks(initiative, ends_on, extension=extension, on=on, found=found)
        if waits
        else [],
        effects=[],
        offers=_deciding(initiative_offers(initiative, user=user, extension=extension, at=at))
        if waits
        else [],
        standing=standing if waits else None,
    )


def _deciding(offers: list[Offer], *, of: str = "") -> list[Offer]:
    """Keep the offers that decide; of a budget in force those on one of its matters."""
    return [offer for offer in offers if offer.action in DECIDING and offer.action.endswith(of)]


def _budget_checks(budget: Budget, room: Room, *, on: date) -> list[Check]:
    found = profile_of_request(kind=BUDGET, subject_id=budget.pk, on=on)
    problems = {
        problem.pointer: problem.detail for problem in budget_problems(budget.amounts, room, found)
    }
    fits = f"It fits into what {room.parent.unit} has left." if room.parent else FUND_GIVES
    return [
        Check(
            f"/{name}",
            f"The {LABELS[name].lower()} fits its place",
            f"/{name}" not in problems,
            problems.get(f"/{name}", fits),
        )
        for name, wanted in budget.amounts._asdict().items()
        if wanted or name != "reserve_usd"
    ]
