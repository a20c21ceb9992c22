"""The gates there are, by number."""

from budgets.gates import breaker, graduation, optimisation, stability, worth
from budgets.gates.rule import GateRule
from org.refusals import NotThere

GATES: dict[int, GateRule] = {
    gate.number: gate
    for gate in (worth.GATE, optimisation.GATE, breaker.GATE, stability.GATE, graduation.GATE)
}


def gate_rule(number: int) -> GateRule:
    """Return a gate's rule; raises NotThere with the gates there are."""
    if number not in GATES:
        there = ", ".join(str(each) for each in GATES)
        raise NotThere(f"There is no gate {number} here; there are {there}.")
    return GATES[number]


def title_of(number: int) -> str:
    """Return what a gate is called, also one that has no rule here."""
    return GATES[number].title if number in GATES else f"Gate {number}"
