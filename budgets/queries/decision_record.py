"""The record of a graduation: on what it rests, who signed, what moved; as it will always read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from budgets.gate_lifecycle import LAST_GATE, GateAction
from budgets.gates.registry import GATES, title_of
from budgets.lifecycle import GRADUATED
from budgets.models import (
    CorePart,
    Gate,
    GateEvidence,
    GateSignature,
    GateStep,
    Graduation,
    Initiative,
    InitiativeStep,
    Posting,
)
from org.refusals import NotThere
from policy.document import canonical, digest_of

SCHEMA = "tokenops.graduation/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePassed:
    """A gate that stood when the experiment graduated, by which evidence and whose signatures."""

    number: int
    at: datetime
    evidence: GateEvidence
    signatures: Sequence[GateSignature]

    @property
    def title(self) -> str:
        return title_of(self.number)

    @property
    def signed(self) -> list[tuple[str, GateSignature]]:
        """The signatures, each with what it stands for in words."""
        signers = GATES[self.number].signers(self.evidence.inputs) if self.number in GATES else []
        labels = {each.part: each.label for each in signers}
        return [(labels.get(each.part, each.part), each) for each in self.signatures]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """A graduation with all that it rests on; `steps` are what happened since, itself the first."""

    graduation: Graduation
    parts: Sequence[CorePart]
    postings: Sequence[Posting]
    gates: Sequence[GatePassed]
    steps: Sequence[InitiativeStep]

    @property
    def initiative(self) -> Initiative:
        return self.graduation.initiative


def may_show_graduation(initiative: Initiative) -> bool:
    """Test whether there is a graduation to look at, or evidence for one."""
    if initiative.state in GRADUATED:
        return True
    if initiative.cost_object_id is None:
        return False  # it never ran
    gate = Gate.objects.filter(initiative=initiative, number=LAST_GATE)
    return gate.filter(evidence__isnull=False).exists()


def graduations_of(initiative: Initiative) -> list[Graduation]:
    """Return every graduation of an initiative, the newest first."""
    found = Graduation.objects.filter(initiative=initiative).select_related(
        "initiative__unit",
        "evidence__by",
        "approval__requested_by__person",
        "approval__decided_by__person",
        "approval__decided_for__person",
        "journal",
        "contingency_unit",
        "by__person",
    )
    return list(found.order_by("-number"))


def graduation_numbered(every: Sequence[Graduation], number: str) -> Graduation:
    """Return the graduation of this number, without one the newest; raises NotThere."""
    found = [each for each in every if number in ("", str(each.number))]
    if not found:
        there = ", ".join(str(each.number) for each in every) or "none yet"
        named = f"no graduation {number}" if number else "no graduation"
        raise NotThere(f"There is {named}; there is {there}.")
    return found[0]


def record_of(graduation: Graduation) -> DecisionRecord:
    """Return a graduation with what it rests on and what happened since."""
    postings = graduation.journal.postings.select_related("account__unit", "account__initiative")
    steps = InitiativeStep.objects.filter(
        initiative=graduation.initiative, at__gte=graduation.at
    ).select_related("by__person")
    return DecisionRecord(
        graduation=graduation,
        parts=list(graduation.parts.select_related("unit", "cost_object").order_by("pk")),
        postings=list(postings.order_by("pk")),
        gates=_gates(graduation),
        steps=list(steps.order_by("pk")),
    )


def _gates(graduation: Graduation) -> list[GatePassed]:
    """Return the newest pass of each gate up to the graduation, its own gate the last."""
    passes = GateStep.objects.filter(
        gate__initiative=graduation.initiative, action=GateAction.PASS, at__lte=graduation.at
    )
    newest = {
        step.gate.number: step
        for step in passes.select_related("gate", "evidence__by__person").order_by("pk")
    }
    evidences = [step.evidence_id for step in newest.values()]
    signatures = GateSignature.objects.filter(evidence__in=evidences).select_related("by__person")
    signed: dict[int, list[GateSignature]] = {}
    for each in signatures.order_by("pk"):
        signed.setdefault(each.evidence_id, []).append(each)
    return [
        GatePassed(
            number=number,
            at=step.at,
            evidence=step.evidence,
            signatures=signed.get(step.evidence.pk, []),
        )
        for number, step in sorted(newest.items())
        if step.evidence is not None
    ]


def content_of(record: DecisionRecord) -> dict[str, Any]:
    """Return all that was decided, as plain JSON; what happened since is no part of it."""
    graduation, terms = record.graduation, record.graduation.evidence.measures
    return {
        "schema": SCHEMA,
        "initiative": record.initiative.slug,
        "unit": record.initiative.unit.slug,
        "number": graduation.number,
        "signed_at": _instant(graduation.at),
        "fiscal_year": graduation.fiscal_year,
        "starts_on": graduation.starts_on.isoformat(),
        "funding": graduation.funding,
        "run_rate_usd": _usd(graduation.run_rate_usd),
        "baseline": {name: terms["baseline"][name] for name in ("from", "until", "evidence")},
        "unit_usd": None if graduation.unit_usd is None else f"{graduation.unit_usd:f}",
        "next_year_usd": _usd(graduation.next_year_usd),
        "released": {
            f"{name}_usd": terms[f"{name}_usd"]
            for name in ("allocation", "actual", "pending", "released")
        },
        "journal": _journal(record),
        "parts": [_part(part, terms) for part in record.parts],
        "gates": [_gate(each) for each in record.gates],
        "approval": _approval(graduation),
    }


def bytes_of(record: DecisionRecord) -> bytes:
    """Return the exact bytes over which the hash is taken."""
    return canonical(content_of(record))


def sha256_of(record: DecisionRecord) -> str:
    return digest_of(bytes_of(record))


def _journal(record: DecisionRecord) -> dict[str, Any]:
    graduation = record.graduation
    payer = graduation.contingency_unit
    return {
        "number": graduation.journal_id,
        "core_usd": _usd(graduation.core_usd),
        "pool_usd": _usd(graduation.pool_usd),
        "experiment_usd": _usd(graduation.experiment_usd),
        "free_pool_usd": _usd(graduation.free_pool_usd),
        "contingency_usd": _usd(graduation.contingency_usd),
        "contingency_unit": payer.slug if payer else None,
        "sum_usd": _usd(graduation.core_usd + graduation.pool_usd + graduation.contingency_usd),
        "postings": [
            {
                "account": posting.account.kind,
                "unit": posting.account.unit.slug if posting.account.unit else None,
                "initiative": posting.account.initiative.slug
                if posting.account.initiative
                else None,
                "fiscal_year": posting.account.fiscal_year,
                "amount_usd": _usd(posting.amount_usd),
            }
            for posting in record.postings
        ],
    }


def _part(part: CorePart, terms: dict[str, Any]) -> dict[str, Any]:
    signed = next(each for each in terms["parts"] if each["unit"] == part.unit.slug)
    return {
        "unit": part.unit.slug,
        "cost_object": part.cost_object.slug,
        "share": signed["share"],
        "usd": signed["usd"],
        "phases": signed["phases"],
    }


def _gate(passed: GatePassed) -> dict[str, Any]:
    return {
        "gate": passed.number,
        "passed_at": _instant(passed.at),
        "evidence_sha256": passed.evidence.sha256,
        "signatures": [
            {
                "part": each.part,
                "by": each.by.username,
                "at": _instant(each.at),
                "comment": each.comment,
            }
            for each in passed.signatures
        ],
    }


def _approval(graduation: Graduation) -> dict[str, Any]:
    approval = graduation.approval
    return {
        "number": approval.pk,
        "amount_usd": None if approval.amount_usd is None else _usd(approval.amount_usd),
        "requested_by": approval.requested_by.username,
        "decided_by": approval.decided_by.username if approval.decided_by else None,
        "decided_at": None if approval.decided_at is None else _instant(approval.decided_at),
        "terms_sha256": approval.terms_hash,
    }


def _usd(value: Decimal) -> str:
    return f"{value:.2f}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
