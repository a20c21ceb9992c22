"""The terms of an experiment as people read them."""

from budgets.terms import InitiativeTerms, Match
from finops.stop_loss import stop_loss
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd


def written_terms(terms: InitiativeTerms) -> list[tuple[str, str]]:
    """Return the terms as people read them."""
    return [
        ("Unit", str(terms.unit)),
        ("Owner", str(terms.owner)),
        ("On call", str(terms.on_call or terms.owner)),
        ("Cap", usd(terms.cap_usd)),
        ("Daily cap", usd(terms.daily_cap_usd)),
        ("First day", written_day(terms.starts_on)),
        ("End date", written_day(terms.ends_on)),
        ("Stop-loss", _stop_loss_in_words(terms)),
        ("Its calls", "; or ".join(_in_words(when) for when in terms.match) or "None named"),
        ("Models", ", ".join(terms.allowed_models) or "Any"),
        ("Unit of work", terms.unit_of_work or "None named"),
        ("Outcomes come from", terms.outcome_source or "Nowhere yet"),
        (
            "Expected outcomes",
            f"{terms.expected_volume:,}" if terms.expected_volume else "Not said",
        ),
        ("Task types", ", ".join(terms.task_types) or "Any"),
    ]


def _stop_loss_in_words(terms: InitiativeTerms) -> str:
    if terms.stop_loss_pct is None:
        return "None"
    stop = stop_loss(
        cap_usd=terms.cap_usd,
        share_pct=terms.stop_loss_pct,
        planned_outcomes=terms.expected_volume,
    )
    least = f", unless {stop.least_outcomes:,} outcomes are known" if stop.least_outcomes else ""
    return f"At {usd(stop.at_usd)}, {terms.stop_loss_pct}% of the cap{least}"


def _in_words(when: Match) -> str:
    return " and ".join(
        f"{name} is {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
        for name, wanted in when.items()
    )
