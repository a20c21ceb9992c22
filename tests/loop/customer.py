"""A customer beside a test: his program runs on its own and is told what to ask."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.live import PATIENCE_S
from tests.loop.proxy import BIN, MASTER_KEY, Proxy

PROGRAM = Path(__file__).with_name("openai_client.py")


@dataclass(frozen=True)
class Answer:
    """What the client got: tokens of an answer, the body of a refusal, its own retries."""

    status: int
    retries: int
    tokens: Mapping[str, int]
    error: Mapping[str, Any]


class Customer:
    """OpenAI's client in a process of its own."""

    def __init__(self, proxy: Proxy) -> None:
        self._url = f"{proxy.url}/v1"

    def __enter__(self) -> Self:
        given = {"OPENAI_BASE_URL": self._url, "OPENAI_API_KEY": MASTER_KEY}
        kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        self._process = subprocess.Popen(
            [str(BIN / "python"), str(PROGRAM)],
            env={**kept, "NO_PROXY": "127.0.0.1", **given},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE_S)

    def ask(self, text: str, *, model: str, **more: Any) -> Answer:
        call = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        return Answer(
            found["status"], found["retries"], found.get("tokens", {}), found.get("error", {})
        )
