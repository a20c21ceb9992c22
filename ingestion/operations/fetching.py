"""Carrying a pull out: everything is fetched first, then handed over in one go, or nothing is."""

import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import httpx
import structlog
from django.conf import settings
from django.db import transaction

from ingestion.connectors import web
from ingestion.connectors.kind import Ask, Fetch, Folder, Found, Kind, pairs
from ingestion.connectors.registry import kind_named
from ingestion.connectors.web import Busy, Denied, PullFailed, Web
from ingestion.models import Delivery, Pull, PulledFile
from ingestion.operations.deliveries import spool_dir, submit_file
from ingestion.operations.pulls import (
    MOST_LOST,
    Claim,
    Overtaken,
    await_loading,
    claim_next,
    fail,
    held_pull,
    postpone,
    renew,
    settle_loaded,
)
from org.refusals import Refusal
from org.sealing import Secret, Unreadable, unseal

log = structlog.get_logger()

MOST_BYTES = 1 << 30
MOST_FILES = 500
# Under the time limit of a task, so that a slow provider fails with a sentence.
LONGEST_PULL = timedelta(minutes=20)
RENEWED_EVERY = timedelta(seconds=20)
_BLOCK_BYTES = 1 << 20

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


@dataclass
class Heart:
    """Keeps a claim while its worker is busy, and stops a pull that takes too long."""

    claim: Claim
    clock: Clock
    started_at: datetime
    renewed_at: datetime

    def beat(self) -> None:
        """Renew the claim now and then; raises Overtaken, or PullFailed at the end of time."""
        at = self.clock()
        if at - self.started_at > LONGEST_PULL:
            minutes = LONGEST_PULL // timedelta(minutes=1)
            raise PullFailed(f"The provider took longer than {minutes} minutes.")
        if at - self.renewed_at >= RENEWED_EVERY:
            renew(self.claim, at=at)
            self.renewed_at = at


def pull_next(*, clock: Clock, sleep: Sleep) -> bool:
    """Carry out the first pull that waits; return whether there was one."""
    claim = claim_next(at=clock())
    if claim is None:
        return False
    try:
        with web.client() as client:
            _carry_out(claim, clock=clock, sleep=sleep, client=client)
    except Overtaken:
        log.info("pull.overtaken", pull=claim.pull_id)
    return True


def _carry_out(claim: Claim, *, clock: Clock, sleep: Sleep, client: httpx.Client) -> None:
    """Fetch and hand over, and end the pull with a sentence where that fails."""
    try:
        _fetch(claim, clock=clock, sleep=sleep, client=client)
    except Overtaken:
        raise
    except Busy as busy:
        postpone(claim, seconds=busy.seconds, reason=str(busy), at=clock())
    except (PullFailed, Refusal, Unreadable) as failure:
        is_final = not isinstance(failure, PullFailed) or isinstance(failure, Denied)
        fail(claim, reason=str(failure), at=clock(), is_final=is_final)
    except Exception as error:  # noqa: BLE001 — a pull ends with a sentence, whatever it was
        # Where, but not what it says: a library's own sentence may quote what it was given.
        kind, where = type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
        log.error("pull.attempt_failed", pull=claim.pull_id, error=kind, where=where)  # noqa: TRY400
        reason = f"Something unforeseen went wrong ({kind}); the log says where."
        fail(claim, reason=reason, at=clock())
    else:
        settle_loaded(at=clock())


def _fetch(claim: Claim, *, clock: Clock, sleep: Sleep, client: httpx.Client) -> None:
    pull = Pull.objects.select_related("connector", "asked_by").get(pk=claim.pull_id)
    if pull.lost >= MOST_LOST:
        raise Denied(f"The pull was given up: {MOST_LOST} workers died over it.")
    kind = kind_named(pull.connector.kind)
    ask = _ask_of(pull)
    heart = Heart(claim, clock, started_at=clock(), renewed_at=clock())
    if kind.fetch is not None:
        asked = Web(client, ask.setting("address"), kind.headers(ask), sleep, heart.beat)
        with tempfile.TemporaryFile(dir=spool_dir()) as file:
            pieces = _write(kind.fetch, ask, asked, file)
            _hand_over(pull, kind, file, pieces=pieces, claim=claim, at=clock())
    elif kind.open_folder is not None:
        _pull_files(pull, kind, kind.open_folder(ask), heart)


def _ask_of(pull: Pull) -> Ask:
    sealed = pull.connector.sealed_credential
    credential = unseal(bytes(sealed)) if sealed else Secret("")
    config, drop_dir = pull.connector.config, Path(settings.TOKENOPS_DROP_DIR)
    return Ask(config, credential, pull.starts_at, pull.ends_at, drop_dir)


def _write(fetch: Fetch, ask: Ask, asked: Web, file: IO[bytes]) -> int:
    """Write every piece of every page into the file, and return how many there were."""
    pieces = 0
    for piece in fetch(ask, asked):
        file.write(piece + b"\n")
        pieces += 1
        if file.tell() > MOST_BYTES:
            raise Denied(f"The window holds more than {MOST_BYTES >> 20} MiB: shorten it.")
    return pieces


def _hand_over(
    pull: Pull, kind: Kind, file: IO[bytes], *, pieces: int, claim: Claim, at: datetime
) -> None:
    """Submit the whole file, once no page failed and while nobody else has the pull."""
    size = file.tell()
    file.seek(0)
    with transaction.atomic():
        held_pull(claim)
        if pieces:
            name = f"{kind.name} {pull.starts_at:%Y-%m-%d} to {pull.ends_at:%Y-%m-%d}.json"
            _submit(pull, kind, file, name, at=at)
        await_loading(claim, pieces=pieces, size_bytes=size)


def _pull_files(pull: Pull, kind: Kind, folder: Folder, heart: Heart) -> None:
    """Take each file that is new; one that cannot be read leaves the others."""
    known = set(pull.connector.files.values_list("path", "etag"))
    taken, size, troubles, is_partial = 0, 0, [], False
    for found in folder.listed():
        heart.beat()
        if (found.path, found.etag) in known:
            continue
        if taken == MOST_FILES:
            is_partial = True
            break
        try:
            _take(pull, kind, folder, found, heart)
        except PullFailed as trouble:
            troubles.append(str(trouble))
        else:
            taken, size = taken + 1, size + found.size_bytes
    if troubles:
        raise PullFailed(_in_short(troubles))
    await_loading(heart.claim, pieces=taken, size_bytes=size, is_partial=is_partial)


def _in_short(troubles: list[str]) -> str:
    more = len(troubles) - 1
    return troubles[0] if not more else f"{troubles[0]} And {more} more files could not be read."


def _take(pull: Pull, kind: Kind, folder: Folder, found: Found, heart: Heart) -> None:
    """Copy one file and remember it in the transaction that hands it over."""
    with folder.opened(found) as source, tempfile.TemporaryFile(dir=spool_dir()) as file:
        while block := source.read(_BLOCK_BYTES):
            heart.beat()
            file.write(block)
            if file.tell() > MOST_BYTES:
                raise Denied(f"{found.path} is larger than {MOST_BYTES >> 20} MiB.")
        file.seek(0)
        at = heart.clock()
        with transaction.atomic():
            held_pull(heart.claim)
            delivery = _submit(pull, kind, file, found.path, at=at)
            PulledFile.objects.create(
                connector=pull.connector,
                path=found.path,
                etag=found.etag,
                size_bytes=found.size_bytes,
                delivery=delivery,
                pulled_at=at,
            )


def _submit(pull: Pull, kind: Kind, file: IO[bytes], name: str, *, at: datetime) -> Delivery:
    connector = pull.connector
    delivery = submit_file(
        file=file,
        filename=name,
        source=kind.source_of(connector.config),
        account=connector.account,
        column_map=pairs(connector.config.get("map", "")),
        fixed_values=pairs(connector.config.get("set", "")),
        by=pull.asked_by,
        at=at,
    )
    pull.deliveries.add(delivery)
    return delivery
