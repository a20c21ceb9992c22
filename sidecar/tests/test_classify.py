"""What calls are taken for: by the caller's word first, else by rules over six languages."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenops_sidecar.call import Call, read_call
from tokenops_sidecar.classify import Labels, classify, is_worth_it

# The text, the task it is taken for, how hard it looks.
PROMPTS = [
    ("Summarise the following call notes in three bullet points.", "summarisation", "simple"),
    ("TL;DR of the thread below, please.", "summarisation", "simple"),
    ("Fasse das folgende Protokoll in drei Sätzen zusammen.", "summarisation", "simple"),
    ("Bitte eine Zusammenfassung der Sitzung vom Montag.", "summarisation", "simple"),
    ("Résume ce compte rendu en cinq lignes.", "summarisation", "simple"),
    ("Resume el siguiente informe en un párrafo.", "summarisation", "simple"),
    ("Riassumi questa email in due frasi.", "summarisation", "simple"),
    ("Resume o texto abaixo para a direção.", "summarisation", "simple"),
    ("Extract all invoice numbers and dates from this letter.", "extraction", "simple"),
    ("List all people named in the minutes below.", "extraction", "simple"),
    ("Extrahiere Name, Ort und Betrag aus der Rechnung.", "extraction", "simple"),
    ("Extrais les adresses de ce courriel.", "extraction", "simple"),
    ("Extrae los nombres de las empresas.", "extraction", "simple"),
    ("Estrai le date dal testo che segue.", "extraction", "simple"),
    ("Classify this ticket as billing, bug or praise.", "classification", "simple"),
    ("Is this spam? 'You have won a boat.'", "classification", "simple"),
    ("What is the sentiment of this review?", "classification", "simple"),
    ("Ordne die Anfrage einer der fünf Abteilungen zu.", "classification", "simple"),
    ("Classe ces avis en positifs et négatifs.", "classification", "simple"),
    ("Clasifica el mensaje por tema.", "classification", "simple"),
    ("Rewrite this paragraph in a friendlier tone.", "rewrite", "simple"),
    ("Add a comma where one is missing: I came I saw I left.", "rewrite", "simple"),
    ("Translate to Dutch: the shop opens at nine.", "rewrite", "simple"),
    ("Übersetze den Absatz ins Englische.", "rewrite", "simple"),
    ("Formuliere den Satz höflicher um.", "rewrite", "simple"),
    ("Traduis cette phrase en allemand.", "rewrite", "simple"),
    ("Corrige la ortografía de este texto.", "rewrite", "simple"),
    ("Traduci in francese il messaggio.", "rewrite", "simple"),
    ("Write a Python function that merges two sorted lists.", "code_generation", "medium"),
    ("Refactor this loop; it must run in one pass.", "code_generation", "medium"),
    ("Schreib eine SQL-Abfrage für den Umsatz je Woche.", "code_generation", "medium"),
    ("Brainstorm names for a bakery by the sea.", "brainstorming", "medium"),
    ("Ideen für das Sommerfest der Abteilung?", "brainstorming", "medium"),
    ("According to the manual below, how is the pump vented?", "closed_qa", "simple"),
    ("Laut dem Handbuch: Wie oft wird der Filter gewechselt?", "closed_qa", "simple"),
    ("D'après le document, qui dirige le projet ?", "closed_qa", "simple"),
    ("Write a welcome note for new colleagues.", "text_generation", "medium"),
    ("Verfasse eine Einladung zum Tag der offenen Tür.", "text_generation", "medium"),
    ("Rédige un message d'absence pour août.", "text_generation", "medium"),
    ("Escribe un poema corto sobre la lluvia.", "text_generation", "medium"),
    ("Hi, how are you today?", "chatbot", "simple"),
    ("Danke, das war alles.", "chatbot", "simple"),
    ("How tall is the cathedral in Ulm?", "open_qa", "simple"),
    ("Wie hoch ist das Ulmer Münster?", "open_qa", "simple"),
    ("¿Cuándo abre el museo?", "open_qa", "simple"),
    ("Why does the harvest fail? Analyse it step by step.", "open_qa", "medium"),
    ("Write a plan and compare both options; why is one better?", "text_generation", "complex"),
    ("Design an architecture and write the proof, in Python.", "code_generation", "complex"),
    ("請總結以下會議記錄", "other", "medium"),
    ("", "other", "medium"),
]
TORN = [
    "Summarize and translate this.",
    "Extract the names, then rewrite the letter.",
    "Fasse es zusammen und übersetze es.",
]
RISKY = [
    "Summarise the patient's symptoms and the dosage.",
    "Classify this contract by its liabilities.",
    "Delete the old rows in production.",
    "Prüfe die Kündigung des Mieters.",
    "Rédige un avis juridique.",
    "Resume el contrato de alquiler.",
]


def call(text: str = "", **members: Any) -> Call:
    return read_call({"provider": "openai", "model": "gpt-5", "text_excerpt": text, **members})


@pytest.mark.parametrize(("text", "task_type", "complexity"), PROMPTS)
def test_a_prompt_is_taken_for_what_its_words_say(
    text: str, task_type: str, complexity: str
) -> None:
    labels = classify(call(text))

    assert (labels.task_type, labels.complexity) == (task_type, complexity)


def test_enough_prompts_are_in_the_table() -> None:
    assert len({text for text, _, _ in PROMPTS}) >= 40


@pytest.mark.parametrize("text", TORN)
def test_of_words_that_say_two_things_the_rules_are_not_sure(text: str) -> None:
    assert classify(call(text)).confidence < Decimal("0.6")


@pytest.mark.parametrize("text", ["請總結以下會議記錄", "Podsumuj notatkę ze spotkania.", ""])
def test_of_other_languages_the_rules_are_not_sure(text: str) -> None:
    assert classify(call(text)).confidence < Decimal("0.6")


def test_a_language_that_the_caller_names_and_the_rules_do_not_read_makes_them_unsure() -> None:
    danish = classify(call("Summarize this.", language="da-DK"))
    british = classify(call("Summarize this.", language="en-GB"))

    assert (danish.confidence, british.confidence) == (Decimal("0.3"), Decimal("0.8"))


def test_who_asks_for_a_schema_and_says_no_more_extracts_something() -> None:
    assert classify(call("The order of 3 May.", has_schema=True)).task_type == "extraction"


@pytest.mark.parametrize("text", RISKY)
def test_what_can_do_harm_is_risky_whatever_the_task(text: str) -> None:
    assert classify(call(text)).risk == "high"


def test_what_the_caller_says_holds() -> None:
    said = {"task_type": "extraction", "complexity": "complex", "risk": "low", "latency": "async"}

    labels = classify(call("Summarise the contract.", labels=said))

    assert labels == Labels("extraction", "complex", "low", "async", Decimal(1))


def test_the_task_type_of_the_usage_record_is_the_callers_word_too() -> None:
    labels = classify(call("Translate this.", task_type="summarisation"))

    assert (labels.task_type, labels.confidence) == ("summarisation", Decimal("0.8"))


@pytest.mark.parametrize(
    ("members", "complexity"),
    [
        ({}, "simple"),
        ({"in_tokens": 2_000}, "simple"),
        ({"in_tokens": 8_000}, "medium"),
        ({"in_tokens": 32_000, "tools": 1}, "complex"),
        ({"tools": 5}, "medium"),
        ({"tools": 5, "has_code": True, "in_tokens": 2_000}, "complex"),
    ],
)
def test_size_tools_and_code_make_a_call_hard(members: dict[str, Any], complexity: str) -> None:
    assert classify(call("Summarise this.", **members)).complexity == complexity


def test_many_constraints_make_a_call_harder() -> None:
    bound = "Rewrite it. It must be exactly two lines, never use jargon, and compare both drafts."

    assert classify(call(bound)).complexity == "medium"


def test_code_that_comes_along_is_worked_on_unless_the_words_say_otherwise_first() -> None:
    long_way = "Here is what our team wrote last week for the shop; please translate it to Go."

    assert classify(call(long_way, has_code=True)).task_type == "code_generation"
    assert classify(call("Summarise this module.", has_code=True)).task_type == "summarisation"


@pytest.mark.parametrize(
    ("most_usd", "labels", "is_worth"),
    [
        (Decimal("0.00006"), {}, True),
        (Decimal("0.000059"), {}, False),
        (None, {}, True),
        (Decimal(0), {"task_type": "rewrite", "complexity": "simple", "risk": "low"}, True),
        (Decimal(0), {"task_type": "rewrite"}, False),
    ],
)
def test_a_call_that_costs_less_than_to_tell_what_it_is_is_left_alone(
    most_usd: Decimal | None, labels: dict[str, str], *, is_worth: bool
) -> None:
    assert is_worth_it(call("Add a comma.", labels=labels), most_usd) == is_worth


MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "in_tokens": st.integers(0, 10**9),
        "tools": st.integers(0, 200),
        "has_code": st.booleans(),
        "has_schema": st.booleans(),
        "language": st.text(max_size=5),
        "labels": st.dictionaries(
            st.sampled_from(["task_type", "complexity", "risk", "latency"]), st.text(max_size=8)
        ),
    },
)


@given(st.text(max_size=300), MEMBERS)
def test_any_call_gets_labels_and_the_same_call_the_same(
    text: str, members: dict[str, Any]
) -> None:
    labels = classify(call(text, **members))

    assert labels == classify(call(text, **members))
    assert 0 <= labels.confidence <= 1
    assert all((labels.task_type, labels.complexity, labels.risk, labels.latency))


@given(st.sampled_from([text for text, _, _ in PROMPTS]), st.text(max_size=50))
def test_letters_large_or_small_and_what_stands_far_behind_change_nothing(
    text: str, tail: str
) -> None:
    padded = text.ljust(500)

    assert classify(call(padded)) == classify(call(padded + tail))
    assert classify(call(text.upper())).task_type == classify(call(text)).task_type
