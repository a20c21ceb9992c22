"""What changed between two documents, said in sentences."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from finops.rules import Rule
from policy.differences import FIRST, NEW_DAY, Change, changes, conditions, in_words
from policy.document import CapEntry, Content, ScopeEntry, compile_content
from tests.policy.test_document import BLOCKED, CONTENT, MIDNIGHT

DRAFTER = BLOCKED.id


def between(before: Content, after: Content) -> list[Change]:
    return changes(compile_content(before), compile_content(after))


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


def test_a_field_without_a_sentence_of_its_own_is_named() -> None:
    capped = with_drafter(replace(BLOCKED, max_tier="mid", protected=True))

    assert between(CONTENT, capped) == [
        Change(DRAFTER, "Support drafter: max_tier, protected changed.")
    ]
    assert between(CONTENT, replace(CONTENT, currency="EUR")) == [Change(None, "currency changed.")]


def test_many_changes_are_shortened() -> None:
    found = [Change(None, f"{n}.") for n in range(5)]

    assert in_words(found) == "0. 1. 2. And 2 more."


def test_no_condition_is_everything_else() -> None:
    assert conditions({}) == "everything else"
