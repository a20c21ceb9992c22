"""The journal that evidence of gate 5 proposes, as pages show it: lines, periods, sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from budgets import graduation_sentences as said
from budgets.gate_lifecycle import works_on_gate
from budgets.gates.evidence import evidence_for
from budgets.gates.graduation import FUNDINGS, GATE
from budgets.gates.graduation_figures import asked_in
from budgets.gates.inputs import checked_inputs
from budgets.models import Gate, GateEvidence, Initiative
from finops.gates.criteria import Outcome, Verdict
from finops.periods import ONE_DAY
from org.models import User
from org.queries.calendar import periods_of_year
from org.refusals import Refusal

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class JournalLine:
    """What one side gains, or below zero gives; `has_usd` is what it has to give."""

    label: str
    usd: Decimal
    has_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """A fiscal period with what each department gains in it, and all of them together."""

    label: str
    starts_on: date
    last_day: date
    days: int
    parts_usd: Sequence[Decimal]

    @property
    def usd(self) -> Decimal:
        return sum(self.parts_usd, ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department that takes a share of the core money."""

    unit: str
    name: str
    share: Decimal
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPreview:
    """What graduating would do, by the evidence; `sentence` says it, or why there is no journal.

    `lines` are core, pool and contingency; with `sum_usd` they sum to nothing. `problems` are
    what keeps the evidence from being signed.
    """

    sentence: str
    lines: Sequence[JournalLine]
    sum_usd: Decimal | None
    departments: Sequence[Department]
    phases: Sequence[PhaseRow]
    core_usd: Decimal | None
    days: int
    funding: str
    released: str
    past: str
    worth: str
    baseline: str
    next_year: str
    problems: Sequence[str]

    @property
    def is_shared(self) -> bool:
        return len(self.departments) > 1


def would_be_evidence(
    initiative: Initiative, given: Mapping[str, str], *, by: User, at: datetime
) -> GateEvidence:
    """Return the evidence of gate 5 as it would be gathered with these inputs; nothing is kept.

    Raises Invalid with a sentence per field, Refusal where the experiment does not run.
    """
    if not works_on_gate(initiative.state, GATE.number):
        raise Refusal(
            f"{GATE.title} is for an experiment that runs; {initiative} is"
            f" “{initiative.get_state_display()}”."
        )
    inputs = checked_inputs(GATE, given, initiative=initiative)
    gate = Gate(initiative=initiative, number=GATE.number)
    return evidence_for(GATE, gate, inputs=inputs, by=by, at=at)


def journal_preview(evidence: GateEvidence) -> JournalPreview:
    """Return the journal of evidence of gate 5, kept or only measured."""
    terms = evidence.measures
    journal = terms["journal"]
    phases = _phases(terms)
    return JournalPreview(
        sentence=said.journal_sentence(terms) or said.why_no_journal(terms),
        lines=_lines(journal, terms) if journal else [],
        sum_usd=Decimal(journal["sum_usd"]) if journal else None,
        departments=[_department(each) for each in terms["parts"]] if journal else [],
        phases=phases,
        core_usd=Decimal(journal["core_usd"]) if journal else None,
        days=sum(row.days for row in phases),
        funding=dict(FUNDINGS)[terms["funding"]],
        released=said.released_sentence(terms),
        past=said.past_sentence(terms),
        worth=said.worth_sentence(terms),
        baseline=said.baseline_sentence(terms),
        next_year=said.next_year_sentence(
            terms, volume_index=asked_in(evidence.inputs).volume_index
        ),
        problems=_problems(evidence),
    )


def _lines(journal: Mapping[str, str], terms: Mapping[str, Any]) -> list[JournalLine]:
    core = said.joined([part["name"] for part in terms["parts"]])
    reserve = journal["contingency_name"]
    return [
        JournalLine(f"Core of {core}", Decimal(journal["core_usd"])),
        JournalLine(
            f"Pool of {terms['parts'][0]['name']}",
            Decimal(journal["pool_usd"]),
            Decimal(journal["pool_has_usd"]) - min(Decimal(journal["experiment_usd"]), ZERO),
        ),
        JournalLine(
            f"Contingency: the reserve of {reserve}" if reserve else "Contingency",
            Decimal(journal["contingency_usd"]),
            Decimal(journal["contingency_has_usd"]),
        ),
    ]


def _department(part: Mapping[str, Any]) -> Department:
    return Department(
        unit=part["unit"],
        name=part["name"],
        share=Decimal(part["share"]),
        usd=Decimal(part["usd"]),
    )


def _phases(terms: Mapping[str, Any]) -> list[PhaseRow]:
    if terms["journal"] is None:
        return []
    labels = {each.end: each.label for each in periods_of_year(terms["fiscal_year"])}
    rows = zip(*(part["phases"] for part in terms["parts"]), strict=True)
    return [_phase(row, labels) for row in rows]


def _phase(row: Sequence[Mapping[str, Any]], labels: Mapping[date, str]) -> PhaseRow:
    ends_on = date.fromisoformat(row[0]["ends_on"])
    return PhaseRow(
        label=labels.get(ends_on, ""),
        starts_on=date.fromisoformat(row[0]["starts_on"]),
        last_day=ends_on - ONE_DAY,
        days=row[0]["days"],
        parts_usd=[Decimal(each["usd"]) for each in row],
    )


def _problems(evidence: GateEvidence) -> list[str]:
    """Return what keeps it from being signed, but for what the sentence says already."""
    if evidence.outcome == Outcome.PASSED:
        return []
    missing = evidence.measures["journal"] is None
    return [
        f"{each['label']}: {each['says']}"
        for each in evidence.criteria
        if each["verdict"] != Verdict.MET.value
        and not (missing and each["verdict"] == Verdict.UNKNOWN.value)
    ]
