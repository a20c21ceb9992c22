"""The sidecar inside LiteLLM's proxy, by one line of its config.yaml.

litellm_settings:
  callbacks: tokenops_sidecar.litellm.callback

Where TokenOps is and which token to use stands in TOKENOPS_URL and TOKENOPS_TOKEN; who this
router is and where it keeps its files, in TOKENOPS_SIDECAR and TOKENOPS_FOLDER.
"""

import asyncio
import atexit
import os
import sys
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from tokenops_sidecar import deployments
from tokenops_sidecar.agent import Agent, Settings
from tokenops_sidecar.bodies import call_of, tokens_of
from tokenops_sidecar.decision import Decision
from tokenops_sidecar.disk import InUse
from tokenops_sidecar.reading import Unacceptable

try:
    from litellm import Timeout
    from litellm.exceptions import APIConnectionError
    from litellm.integrations.custom_logger import CustomLogger
    from litellm.proxy._types import ProxyException
except ImportError as absent:
    raise ImportError(
        "tokenops_sidecar.litellm is for LiteLLM's proxy, which is not installed here:"
        " install tokenops-sidecar[litellm]."
    ) from absent

_MOST_WORKERS = 64
_FIRST_WORD_S = 10.0
_MOST_HOLDS = 100_000
_TOO_MANY, _UNPROCESSABLE, _CLIENT_WENT = 429, 422, 499


class Refused(ProxyException):  # type: ignore[misc] # untyped where it is absent
    """A call that is not let through: LiteLLM answers it with the status and body of this."""

    def __init__(self, status: int, content: Mapping[str, Any], headers: dict[str, str]) -> None:
        self.content = content["error"]
        kind = self.content["type"]
        super().__init__(self.content["message"], kind, None, code=status, headers=headers)

    def to_dict(self) -> dict[str, Any]:
        """Return the body as every door of the sidecar words it."""
        return dict(self.content)


class Callback(CustomLogger):  # type: ignore[misc] # untyped where it is absent
    """Admits calls before LiteLLM routes them, and settles them by what it logs."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._lock = Lock()
        self._agent: Agent | None = None
        # By LiteLLM's id of the call, which stays the same through retries and fallbacks.
        self._holds: OrderedDict[str, str] = OrderedDict()

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,
        cache: Any,  # noqa: ARG002 -- passed by its name
        data: dict[str, Any],
        call_type: str,  # noqa: ARG002 -- passed by its name
    ) -> dict[str, Any]:
        """Let a call in, on the deployment of the model that was decided, or refuse it."""
        if not data.get("model"):
            return data
        agent = self._agent
        if agent is None:
            agent = await asyncio.to_thread(self._started)
        asked = deployments.served_by(_router(), str(data["model"]))
        call = _call(data, user_api_key_dict) | {"provider": asked.provider, "model": asked.model}
        try:
            admission = await agent.admit_async(call)
        except Unacceptable as problem:
            error = {"message": str(problem), "type": "invalid_request_error", "code": None}
            raise Refused(_UNPROCESSABLE, {"error": error}, {}) from problem
        decision = admission.decision
        if admission.hold is None:
            raise _refusal(agent, decision)
        if decision.model != asked.model:
            group = deployments.that_serves(_router(), asked.provider, decision.model)
            if group is None:
                agent.cancel(admission.hold, dispatched=False)
                raise _refusal(agent, _without_deployment(decision))
            data["model"] = group
        self._remember(str(data.get("litellm_call_id", "")), admission.hold)
        return data

    async def async_log_success_event(
        self,
        kwargs: dict[str, Any],
        response_obj: Any,
        start_time: Any,  # noqa: ARG002 -- passed by its name
        end_time: Any,  # noqa: ARG002 -- passed by its name
    ) -> None:
        """Settle by what was used; LiteLLM counts a stream that broke off itself."""
        hold = self._holds.pop(str(kwargs.get("litellm_call_id", "")), None)
        if hold is None or self._agent is None:
            return
        if kwargs.get("cache_hit"):
            self._agent.cancel(hold, dispatched=False)
            return
        self._agent.settle_soon(hold, _record(kwargs, response_obj))

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,  # noqa: ARG002 -- passed by its name
        traceback_str: str | None = None,  # noqa: ARG002 -- passed by its name
    ) -> None:
        """Let a call go that failed; where the provider may have worked, its input stays spent."""
        hold = self._holds.pop(str(request_data.get("litellm_call_id", "")), None)
        if hold is None or self._agent is None:
            return
        if _may_have_worked(original_exception):
            await asyncio.to_thread(self._agent.cancel, hold, dispatched=True)
        else:
            self._agent.cancel(hold, dispatched=False)

    def stop(self) -> None:
        """Push and give back what the server takes soon."""
        agent, self._agent = self._agent, None
        if agent is not None:
            agent.stop()

    def _started(self) -> Agent:
        """Return the agent of this process, started by the first call: processes are forked."""
        with self._lock:
            if self._agent is None:
                agent = _own_agent(self._settings)
                agent.start()
                agent.wait_for_word(within_s=_FIRST_WORD_S)
                atexit.register(self.stop)
                self._agent = agent
            return self._agent

    def _remember(self, call_id: str, hold: str) -> None:
        self._holds[call_id] = hold
        while len(self._holds) > _MOST_HOLDS:
            self._holds.popitem(last=False)  # it ends by itself, as what it held


def _own_agent(settings: Settings) -> Agent:
    """Return an agent with a folder and a name of its own: each worker is a sidecar."""
    for number in range(_MOST_WORKERS):
        name = f"{settings.sidecar}.{number}" if number else settings.sidecar
        try:
            return Agent(_named(settings, name, settings.folder / str(number)))
        except InUse:
            continue
    raise InUse(f"More than {_MOST_WORKERS} workers share {settings.folder}.")


def _named(settings: Settings, name: str, folder: Path) -> Settings:
    return Settings(settings.url, settings.token, name, folder)


def _from_environment() -> Settings:
    missing = [name for name in ("TOKENOPS_URL", "TOKENOPS_TOKEN") if not os.environ.get(name)]
    if missing:
        raise RuntimeError(f"The TokenOps callback needs {' and '.join(missing)} to be set.")
    return Settings(
        url=os.environ["TOKENOPS_URL"],
        token=os.environ["TOKENOPS_TOKEN"],
        sidecar=os.environ.get("TOKENOPS_SIDECAR", "litellm"),
        folder=Path(os.environ.get("TOKENOPS_FOLDER", "/var/lib/tokenops-sidecar")),
    )


def _router() -> Any:
    """Return LiteLLM's router; the proxy makes it, and another one when its config changes."""
    proxy = sys.modules.get("litellm.proxy.proxy_server")
    return getattr(proxy, "llm_router", None)


def _call(data: Mapping[str, Any], key: Any) -> dict[str, Any]:
    """Return the call: by its body and headers, and by the key that LiteLLM let in."""
    request = data.get("proxy_server_request") or {}
    headers = {name.lower(): value for name, value in (request.get("headers") or {}).items()}
    known = {
        "key": getattr(key, "key_alias", None) or getattr(key, "token", None),
        "user": getattr(key, "user_email", None) or getattr(key, "end_user_id", None),
        "project": getattr(key, "team_alias", None),
    }
    given = {name: value for name, value in known.items() if value}
    return {**given, **call_of(data, headers=headers)}


def _record(kwargs: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """Return what was used: the model that answered, its tokens, else LiteLLM's own price."""
    usage = getattr(answer, "usage", None)
    if usage is None and isinstance(answer, Mapping):
        usage = answer.get("usage")
    plain = usage.model_dump() if usage is not None and hasattr(usage, "model_dump") else usage
    tokens = tokens_of(plain)
    provider, model = deployments.parted(str(kwargs["model"]), kwargs.get("custom_llm_provider"))
    record: dict[str, Any] = {"provider": provider, "model": model, "tokens": tokens}
    cost = kwargs.get("response_cost")
    if not tokens and isinstance(cost, int | float):
        record["cost_usd"] = f"{cost:.12f}"
    return record


def _may_have_worked(problem: Exception) -> bool:
    """Test whether the provider may bill for a call that failed: it was cut off, not answered."""
    if isinstance(problem, Timeout | APIConnectionError | asyncio.CancelledError):
        return True
    return getattr(problem, "status_code", None) == _CLIENT_WENT


def _refusal(agent: Agent, decision: Decision) -> Refused:
    content, headers = agent.refusal(decision)
    return Refused(_TOO_MANY, content, headers)


def _without_deployment(decision: Decision) -> Decision:
    text = f"{decision.text} LiteLLM has no deployment of {decision.model}."
    return Decision("refuse", decision.model, "no_deployment", text.strip(), scope=decision.scope)


callback = Callback(_from_environment())
