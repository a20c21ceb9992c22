"""The feed: `GET /api/v1/policy` for routers, answered from memory without Django's stack."""

from policy.feed.application import PolicyFeed
from policy.feed.listener import Listener, connect
from policy.feed.memory import Memory

__all__ = ["Listener", "Memory", "PolicyFeed", "connect"]
