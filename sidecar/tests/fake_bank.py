"""The leases of the fake server: granted of what is there, settled by rising sequences."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from threading import Lock
from typing import Any

Spoken = tuple[int, dict[str, Any]]


class Bank:
    """Money by cap, and calls by test. Every answer is remembered under its key."""

    def __init__(self) -> None:
        self._lock, self._numbers = Lock(), count(1)
        self.money: dict[str, Decimal] = {}
        self.calls: dict[str, int] = {}
        self.quotas: dict[tuple[str, str], Decimal] = {}
        self.most_usd = Decimal(1000)
        self.lasts = timedelta(seconds=60)
        self.resets = timedelta(hours=5)
        # How far the server's clock is ahead of the sidecar's.
        self.ahead = timedelta(0)
        self.leases: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, Spoken] = {}

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def lend(self, body: bytes, *, key: str) -> Spoken:
        with self._lock:
            if key not in self._answers:
                self._answers[key] = self._lend(json.loads(body))
            return self._answers[key]

    def _lend(self, wanted: dict[str, Any]) -> Spoken:
        cap = wanted["cap"]
        if cap in self.calls:
            return self._lend_calls(cap, wanted["calls"])
        if cap.startswith("quota:"):
            return self._lend_block(cap, wanted["subject"], Decimal(wanted["amount"]))
        if cap not in self.money:
            return 404, {"detail": "No such cap."}
        least_usd = Decimal(wanted.get("least_usd", "0"))
        usd = max(min(Decimal(wanted["usd"]), self.most_usd), least_usd)
        usd = min(usd, self.money[cap])
        if not usd or usd < least_usd:
            return 409, self._nothing(cap)
        self.money[cap] -= usd
        lease = {"cap": cap, "granted_usd": usd, "used_usd": Decimal(0), "sequence": 0}
        return self._granted(lease | {"final": False}, {"granted_usd": f"{usd:f}"})

    def _lend_calls(self, cap: str, wanted: int) -> Spoken:
        calls = min(wanted, self.calls[cap])
        if not calls:
            return 409, self._nothing(cap)
        self.calls[cap] -= calls
        return self._granted({"cap": cap}, {"granted_calls": calls})

    def _lend_block(self, cap: str, subject: str, amount: Decimal) -> Spoken:
        block = min(amount, self.quotas[cap, subject], Decimal(2))
        if not block:
            return 409, self._nothing(cap)
        self.quotas[cap, subject] -= block
        lease = {"cap": cap, "subject": subject, "granted": block, "used": Decimal(0)}
        lease |= {"sequence": 0, "final": False}
        return self._granted(lease, {"granted": f"{block:f}", "subject": subject})

    def _granted(self, lease: dict[str, Any], more: dict[str, Any]) -> Spoken:
        name = f"lease-{next(self._numbers)}"
        self.leases[name] = lease
        expires_at = (self.now() + self.lasts).isoformat()
        known = {"lease": name, "cap": lease["cap"], "expires_at": expires_at, "epoch": 1}
        return 201, {**known, **more}

    def _nothing(self, cap: str) -> dict[str, Any]:
        resets_at = (self.now() + self.resets).isoformat()
        return {"detail": f"Nothing is left of {cap}.", "cap": cap, "resets_at": resets_at}

    def settle(self, name: str, body: bytes) -> Spoken:
        told = json.loads(body)
        with self._lock:
            if name not in self.leases:
                return 404, {"detail": "No such lease."}
            lease = self.leases[name]
            if told["sequence"] > lease["sequence"] and "subject" in lease:
                lease |= {"sequence": told["sequence"], "used": Decimal(told["used"])}
                if told["final"] and not lease["final"]:
                    lease["final"] = True
                    key = lease["cap"], lease["subject"]
                    self.quotas[key] += lease["granted"] - lease["used"]
            elif told["sequence"] > lease["sequence"]:
                used_usd = max(Decimal(told["used_usd"]), lease["used_usd"])
                lease |= {"sequence": told["sequence"], "used_usd": used_usd}
                if told["final"] and not lease["final"]:
                    lease["final"] = True
                    self.money[lease["cap"]] += lease["granted_usd"] - used_usd
            return 200, {"lease": name}

    def used_usd(self) -> Decimal:
        """Return what all leases were said to be used for."""
        return sum((each.get("used_usd", Decimal(0)) for each in self.leases.values()), Decimal(0))

    def is_settled(self) -> bool:
        return all(each["final"] for each in self.leases.values())
