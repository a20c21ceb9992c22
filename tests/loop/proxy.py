"""LiteLLM's proxy as a customer runs it, in the environment that `make setup-litellm` makes."""

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from tests.live import PATIENCE_S, ROOT, until

BIN = ROOT / ".venv-litellm" / "bin"
MASTER_KEY = "sk-4f1c0a8f7d94e2fa0c3d1b2e4f607181"
CALLBACK = "tokenops_sidecar.litellm.callback"
# It imports all it knows, which on a busy machine takes minutes.
STARTS_WITHIN_S = 300.0
# Whether LiteLLM is installed or not, the suite does the same: it leaves these tests out.
IS_ASKED_FOR = bool(os.environ.get("TOKENOPS_TEST_LOOP"))
needs_litellm = pytest.mark.skipif(
    not (IS_ASKED_FOR and (BIN / "litellm").exists()),
    reason="The loop with LiteLLM's proxy has a run of its own: `make test-loop`.",
)


class Proxy:
    """The proxy with mocked providers: `models` are served under their own names."""

    def __init__(
        self,
        folder: Path,
        *,
        models: Mapping[str, Mapping[str, Any]],
        callback: Mapping[str, str],
        name: str = CALLBACK,
    ) -> None:
        """Give the callback of that name its environment; without one there is no callback."""
        self._folder, self._models = folder, models
        self._callback, self._name = callback, name

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "config.yaml"
        config.write_text(json.dumps(self._config()))  # JSON is YAML
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [str(BIN / "litellm"), "--config", str(config), "--host", "127.0.0.1"]
        self.log = self._folder / "proxy.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(port)],
                cwd=self._folder,
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            until(self._is_ready, within_s=STARTS_WITHIN_S)
        except BaseException:
            self._end()
            raise
        self.client = httpx.Client(
            base_url=f"{self.url}/v1",
            headers={"Authorization": f"Bearer {MASTER_KEY}"},
            timeout=PATIENCE_S,
            trust_env=False,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def chat(self, text: str, *, model: str, **more: Any) -> httpx.Response:
        message = {"role": "user", "content": text}
        return self.client.post(
            "/chat/completions", json={"model": model, "messages": [message], **more}
        )

    def _config(self) -> dict[str, Any]:
        return {
            "model_list": [
                {
                    "model_name": name,
                    "litellm_params": {"model": f"openai/{name}", "api_key": "none", **params},
                }
                for name, params in self._models.items()
            ],
            "litellm_settings": {"callbacks": self._name} if self._callback else {},
            "general_settings": {"master_key": MASTER_KEY},
        }

    def _environment(self) -> dict[str, str]:
        # Of the test's own environment LiteLLM gets no database and no settings.
        kept = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
            "NO_PROXY": "127.0.0.1",
            **self._callback,
        }

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()[-2_000:]
        try:
            return httpx.get(f"{self.url}/health/liveliness", trust_env=False).is_success
        except httpx.TransportError:
            return False


def environment_of(url: str, folder: Path, *, token: str) -> dict[str, str]:
    """Return what the callback reads: where TokenOps is, and who this router is."""
    return {
        "TOKENOPS_URL": url,
        "TOKENOPS_TOKEN": token,
        "TOKENOPS_SIDECAR": "litellm",
        "TOKENOPS_FOLDER": str(folder),
    }
