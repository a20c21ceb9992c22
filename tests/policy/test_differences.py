"""What changed between two documents, said in sentences."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from finops.rules import Rule
from policy.differences import FIRST, NEW_DAY, Change, changes, conditions, in_words
from policy.document import (
    CapEntry,
    Content,
    RatesEntry,
    ScopeEntry,
    compile_content,
)
from policy.limits_in_words import WINDOWS, limits_of
from tests.policy.test_document import BLOCKED, CONTENT, GUARDED, MIDNIGHT

DRAFTER = BLOCKED.id


def between(before: Content, after: Content) -> list[Change]:
    return changes(compile_content(before), compile_content(after))


def with_support(support: ScopeEntry) -> Content:
    return replace(CONTENT, scopes=[support, *CONTENT.scopes])


def with_drafter(drafter: ScopeEntry) -> Content:
    return replace(CONTENT, scopes=[drafter, *CONTENT.scopes[1:]])


def test_equal_documents_differ_in_nothing() -> None:
    assert between(CONTENT, CONTENT) == []


def test_the_first_document_is_called_the_first() -> None:
    assert changes(None, compile_content(CONTENT)) == [Change(None, FIRST)]


def test_a_scope_that_was_blocked_comes_with_its_reason() -> None:
    running = with_drafter(replace(BLOCKED, state="closed", reason=None))

    assert between(running, CONTENT) == [Change(DRAFTER, "Support drafter is blocked: Too much.")]
    assert between(CONTENT, running) == [Change(DRAFTER, "Support drafter is running again.")]


def test_a_cap_that_was_raised_names_both_amounts() -> None:
    raised = CapEntry("cap:18", "day", Decimal(1060), MIDNIGHT, "hard")

    found = between(CONTENT, with_drafter(replace(BLOCKED, caps=[raised])))

    sentence = "Support drafter: daily cap (hard) went from $45.00 to $1,060.00."
    assert found == [Change(DRAFTER, sentence)]


def test_a_cap_set_and_lifted_is_told() -> None:
    none = with_drafter(replace(BLOCKED, caps=[]))

    assert in_words(between(none, CONTENT)).endswith("(hard) of $45.00 was set.")
    assert in_words(between(CONTENT, none)).endswith("(hard) of $45.00 was lifted.")


def test_a_new_day_is_told_once_and_only_where_nothing_else_is() -> None:
    tomorrow = [replace(BLOCKED.caps[0], resets_at=MIDNIGHT + timedelta(days=1))]
    running = replace(BLOCKED, caps=tomorrow, state="closed", reason=None)

    assert between(CONTENT, with_drafter(replace(BLOCKED, caps=tomorrow))) == [
        Change(None, NEW_DAY)
    ]
    assert between(CONTENT, with_drafter(running)) == [
        Change(DRAFTER, "Support drafter is running again.")
    ]


def test_rules_that_come_and_go_are_told_by_their_conditions() -> None:
    added = Rule({"key": ["a", "b"], "model": "gpt-*"}, "unit:support")

    found = between(CONTENT, replace(CONTENT, assign=[added, *CONTENT.assign]))

    sentence = "Rule added: key is a or b and model is gpt-* → unit:support."
    assert found == [Change("unit:support", sentence)]


def test_rules_in_another_order_are_a_change() -> None:
    swapped = replace(CONTENT, assign=list(reversed(CONTENT.assign)))

    assert between(CONTENT, swapped) == [Change(None, "The rules are tried in another order.")]


def test_scopes_and_models_that_come_and_go_are_told() -> None:
    smaller = replace(CONTENT, scopes=CONTENT.scopes[1:], models=CONTENT.models[:2])

    assert [change.text for change in between(CONTENT, smaller)] == [
        "Support drafter was taken out.",
        "openai/o3-pro was taken out.",
    ]
    assert [change.text for change in between(smaller, CONTENT)] == [
        "Support drafter was added.",
        "openai/o3-pro was added to the models.",
    ]


def test_each_limit_that_came_is_told_in_its_words() -> None:
    plain = ScopeEntry(GUARDED.id, GUARDED.name, GUARDED.parent)

    found = between(with_support(plain), with_support(GUARDED))

    assert {change.scope for change in found} == {"unit:support"}
    assert [change.text for change in found] == [
        "Support: quota of 50 calls a day for each person was set; it refuses.",
        "Support: limits a minute set: 600 calls and $1.50 a minute.",
        "Support: limits of a task set: 40 steps and $0.50 a task.",
        "Support: loop signature set: 20 calls with one prompt within 600 s.",
        "Support: without the server went from its calls are refused to $5.00 more, then refused.",
    ]


def test_a_limit_that_changed_names_both() -> None:
    slower = replace(
        GUARDED,
        rates=RatesEntry(tokens_per_minute=1, concurrency=4),
        task_limits=None,
        quotas=[replace(GUARDED.quotas[0], limit=Decimal("7.5"), window="5h", raises=[])],
        max_tier="mid",
        protected=True,
    )

    found = [change.text for change in between(with_support(GUARDED), with_support(slower))]

    assert found == [
        "Support: quota of 50 calls a day for each person is now 7.5 calls.",
        "Support: ana@x has 7.5 calls again, like all others.",
        (
            "Support: limits a minute went from 600 calls and $1.50 a minute to 1 token a minute,"
            " 4 calls at a time."
        ),
        "Support: limits of a task lifted (40 steps and $0.50 a task).",
        "Support: highest tier set: mid.",
        "Support: protection set: people are paged instead of blocking it.",
    ]


def test_a_quota_that_starts_anew_is_a_new_day_and_no_other_news() -> None:
    tomorrow = [replace(GUARDED.quotas[0], resets_at=MIDNIGHT + timedelta(days=1))]

    found = between(with_support(GUARDED), with_support(replace(GUARDED, quotas=tomorrow)))

    assert found == [Change(None, NEW_DAY)]


def test_windows_of_an_hour_and_a_minute_have_their_words() -> None:
    caps = [CapEntry(f"cap:{n}", w, Decimal(4), None, "hard") for n, w in enumerate(WINDOWS)]
    plain = replace(GUARDED, caps=[])

    found = between(with_support(plain), with_support(replace(plain, caps=caps)))

    assert [change.text for change in found] == [
        "Support: cap of the minute (hard) of $4.00 was set.",
        "Support: hourly cap (hard) of $4.00 was set.",
        "Support: daily cap (hard) of $4.00 was set.",
        "Support: cap of the fiscal period (hard) of $4.00 was set.",
        "Support: cap in total (hard) of $4.00 was set.",
    ]


def test_all_limits_of_a_scope_are_listed_by_name() -> None:
    document = compile_content(with_support(GUARDED))
    (entry,) = (each for each in document["scopes"] if each["id"] == "unit:support")

    limits = {limit.name: (limit.value, limit.then) for limit in limits_of(entry)}
    assert limits == {
        "limits a minute": (
            "600 calls and $1.50 a minute",
            "each router refuses the call, and says when to try again",
        ),
        "limits of a task": (
            "40 steps and $0.50 a task",
            "further calls of the task are refused",
        ),
        "loop signature": ("20 calls with one prompt within 600 s", "the breaker opens"),
        "share let through": ("50% of calls", "the other calls are told to try again"),
        "test": (
            "10 calls until 2026-11-21 10:00 UTC",
            "further calls are refused until the test is over",
        ),
        "without the server": ("$5.00 more, then refused", "holds once the policy is stale"),
        "quota": (
            "50 calls a day for each person, 1 exempt, 1 raised for a while",
            "refuses",
        ),
    }


def test_a_field_without_a_sentence_of_its_own_is_named() -> None:
    handed_over = with_drafter(replace(BLOCKED, owner="Greta", parent="org", reason=None))

    assert between(with_drafter(replace(BLOCKED, reason=None)), handed_over) == [
        Change(DRAFTER, "Support drafter: owner, parent changed.")
    ]
    assert between(CONTENT, replace(CONTENT, currency="EUR")) == [Change(None, "currency changed.")]


def test_many_changes_are_shortened() -> None:
    found = [Change(None, f"{n}.") for n in range(5)]

    assert in_words(found) == "0. 1. 2. And 2 more."


def test_no_condition_is_everything_else() -> None:
    assert conditions({}) == "everything else"
