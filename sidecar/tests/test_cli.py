"""The command: what it says of a document, and why a call is decided as it is."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_server import Answer, FakeServer

from tokenops_sidecar.cli import main

VECTORS = Path(__file__).parent.parent / "vectors" / "decisions.json"
REACHED = "Spend of $50.00 reached the daily cap of $50.00."


@pytest.fixture
def file(tmp_path: Path) -> str:
    policy = json.loads(VECTORS.read_text(encoding="utf-8"))["policies"]["acme"]
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy))
    return str(path)


def test_a_document_is_summed_up(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", file]) == 0

    assert capsys.readouterr().out == (
        "Revision 42, issued at 2026-11-20T12:00:00+00:00: 16 scopes, 17 lines of assign,"
        " 7 models. Blocked: unit:stopped, unit:spent, initiative:held, unit:probing."
        " Slowed: unit:slow, unit:lean.\n"
    )


def test_a_decision_is_explained_step_by_step(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"provider": "openai", "model": "gpt-5", "workflow": "beneath-spent"}

    assert main(["check", file, "--call", json.dumps(call)]) == 0

    assert capsys.readouterr().out.splitlines()[1:] == [
        "assign line 5 holds (workflow is 'beneath-spent'): initiative:beneath-spent.",
        "initiative:beneath-spent (closed) allows it.",
        f"unit:spent refuses (cap_day): {REACHED} Until 2026-11-21T00:00:00+00:00.",
        "org (closed) allows it.",
        f"REFUSE gpt-5. {REACHED}",
    ]


def explained(policy: str, capsys: pytest.CaptureFixture[str], **call: Any) -> list[str]:
    found = json.loads(VECTORS.read_text(encoding="utf-8"))["policies"][policy]
    call = {"provider": "openai", "model": "gpt-5"} | call
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps(found))
        file.flush()
        assert main(["check", file.name, "--call", json.dumps(call)]) == 0
    return capsys.readouterr().out.splitlines()[2:]


def test_what_a_scope_counts_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    allowed, counted, *_ = explained("limits", capsys, workflow="agents", task="t-1")
    assert allowed == "unit:agents (closed) allows it."
    assert counted == (
        "unit:agents counts: 3 steps a task; 0.5 USD a task; the same prompt 3 times within"
        " 600 s as a loop."
    )
    assert explained("limits", capsys, workflow="team", user="ana@x")[1] == (
        "unit:team counts: 100 usd (day), hard (quota:2); 10 usd (day) for each person, hard"
        " (quota:3)."
    )
    assert explained("limits", capsys, workflow="parallel")[1] == (
        "unit:parallel counts: 2 calls at a time."
    )


def test_money_that_has_to_be_leased_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = explained("acme", capsys, workflow="drafter", in_tokens=12_000, max_out_tokens=4_000)

    assert told[-2:] == [
        "Up to 0.055 USD are held, on lease for initiative:drafter.",
        "ALLOW gpt-5.",
    ]


def test_a_throttle_and_a_protected_scope_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = explained("limits", capsys, workflow="tenth")
    assert "initiative:tenth keeps 10% of its calls, evenly." in told
    assert told[-1] == (
        "QUEUE gpt-5. initiative:tenth lets 10 % of its calls through for now. Too much a minute."
    )
    assert explained("limits", capsys, workflow="safety")[1:4] == [
        "unit:capped is not asked: initiative:safety is protected.",
        "unit:stopped is not asked: initiative:safety is protected.",
        "org is not asked: initiative:safety is protected.",
    ]


def test_a_route_is_told_with_what_the_call_was_taken_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = {"task_type": "extraction", "complexity": "medium", "risk": "low", "latency": "async"}

    *_, taken_for, decided = explained("limits", capsys, labels=said)

    assert taken_for == "It is taken for medium extraction, of low risk, async (sure by 100%)."
    assert decided == (
        "DOWNGRADE gpt-5-mini. Medium extraction goes to tier economy: call gpt-5-mini instead."
        " In the batch queue."
    )


def test_another_model_is_explained(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    call = '{"provider": "openai", "model": "gpt-5", "workflow": "lean"}'

    assert main(["check", file, "--call", call]) == 0

    assert capsys.readouterr().out.splitlines()[-1] == (
        "DOWNGRADE gpt-5-nano. Lean goes up to tier economy: call gpt-5-nano instead."
    )


def test_a_document_that_is_wrong_is_refused_with_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "policy.json"
    path.write_text('{"schema":"tokenops.policy/1"}')

    assert main(["check", str(path)]) == 1
    assert capsys.readouterr().err == "/tiers is missing.\n"


def test_running_needs_a_token_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKENOPS_TOKEN", raising=False)
    arguments = ["--url", "http://127.0.0.1:1", "--sidecar", "router", "--folder", str(tmp_path)]

    assert main(["run", *arguments]) == 2
    assert "TOKENOPS_TOKEN" in capsys.readouterr().err


def test_a_sidecar_told_to_stop_pushes_what_waits(tmp_path: Path) -> None:
    record = {"provider": "openai", "model": "gpt-5", "started_at": "2026-11-20T12:00:00Z"}
    with FakeServer() as server:
        server.instead["/usage"] = lambda _: Answer(503)
        with started(server.url, tmp_path) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            httpx.post(f"{address}/usage", json=record, trust_env=False).raise_for_status()
            assert server.usage == {}

            server.instead.clear()
            process.terminate()

            assert process.wait(20) == 0
        assert len(server.usage) == 1


def started(url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tokenops_sidecar", "run", "--url", url, "--port", "0"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(VECTORS.parent.parent),
        "TOKENOPS_TOKEN": "tok_x",
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.Popen(
        [*command, "--sidecar", "router", "--folder", str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_key_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--url", "x", "--sidecar", "x", "--folder", "x", "--key", "k1=AAAA"])

    assert "k1 is not a key of 32 bytes." in capsys.readouterr().err
