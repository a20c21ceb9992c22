"""Asking a provider over HTTP: bounded answers, patient retries, no way round to another host."""

import ipaddress
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

TIMEOUT = httpx.Timeout(60, connect=10)
MOST_ANSWER_BYTES = 64 << 20
ATTEMPTS = 4
# A provider that asks for a longer wait gets it with the worker doing something else.
LONGEST_WAIT_S = 60
_WEEK_S = 7 * 86_400
# Amazon's metadata service over IPv6 has a private address of its own.
METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254")})

Params = Sequence[tuple[str, str]]


class PullFailed(Exception):
    """A pull came to nothing; its sentence is shown to people."""


class Denied(PullFailed):
    """The provider refuses what is asked; asking again soon would not help."""


class Busy(PullFailed):
    """The provider asks to come back later; nothing is wrong."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The provider asks to wait {round(seconds)} seconds.")
        self.seconds = seconds


class Hiccup(PullFailed):
    """What a second attempt may mend; `wait_s` is what the provider asked for."""

    def __init__(
        self, sentence: str, *, wait_s: float | None = None, is_limit: bool = False
    ) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s
        self.is_limit = is_limit


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: its bytes as they came, and what they say, fractions as texts."""

    body: bytes
    value: Any


Check = Callable[[Page], None]


def accept(_page: Page) -> None:
    """Take a page as it is."""


def client() -> httpx.Client:
    """Return a client that follows no redirect: a credential goes to the host it is for."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False)


@dataclass(frozen=True, slots=True)
class Web:
    """One provider's address and how it is asked.

    `sleep` waits so many seconds; `beat` is called again and again while an
    answer is awaited and read, and may raise.
    """

    client: httpx.Client
    base: str
    headers: Mapping[str, str]
    sleep: Callable[[float], None]
    beat: Callable[[], None]

    def get(self, path: str, params: Params = (), *, check: Check = accept) -> Page:
        """Return what a path beneath the address answers; raises PullFailed.

        A limit, a server's error, a broken connection, a page cut short and one that
        `check` raises Hiccup for are tried again; what the provider asks to wait is waited.
        """
        url = self.base.rstrip("/") + path if path else self.base
        return self._patiently(httpx.URL(url).copy_merge_params(list(params)), check)

    def follow(self, link: str) -> Page:
        """Return what a link of an answer leads to; raises Denied where that is elsewhere."""
        url = urljoin(self.base, link)
        here, there = urlsplit(self.base), urlsplit(url)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise Denied("The next page is said to be on another host, which is not asked.")
        return self._patiently(httpx.URL(url), accept)

    def _patiently(self, url: httpx.URL, check: Check) -> Page:
        retrying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            retry=retry_if_exception_type(Hiccup),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, url, check)
        except Hiccup as hiccup:
            if hiccup.is_limit:
                raise Busy(hiccup.wait_s or LONGEST_WAIT_S) from None
            raise

    def _once(self, url: httpx.URL, check: Check) -> Page:
        self.beat()
        body = self._body(url)
        try:
            value = json.loads(body, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            raise Hiccup(f"A page of {url.path} is cut short or is no JSON.") from None
        page = Page(body, value)
        check(page)
        return page

    def _body(self, url: httpx.URL) -> bytes:
        # None of httpx's own errors goes further: they may quote the headers they were given.
        try:
            refuse_link_local(url.host)
            with self.client.stream("GET", url, headers=self.headers) as answer:
                _check_status(answer, path=url.path)
                return _bounded(answer, beat=self.beat)
        except httpx.TimeoutException:
            raise Hiccup(f"{url.host} did not answer in time.") from None
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            what = type(error).__name__
            raise Hiccup(f"{url.host} could not be reached, or broke off: {what}.") from None


def refuse_link_local(host: str) -> None:
    """Raise Denied where a host is link-local, as the metadata services of clouds are.

    Private addresses are allowed: gateways stand there. A name that nobody here knows may
    be known to the proxy that is asked for it.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_, where in found:
        address = ipaddress.ip_address(str(where[0]).partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_link_local or address in METADATA:
            raise Denied(f"{host} is a link-local address, which connectors do not ask.")


def _check_status(answer: httpx.Response, *, path: str) -> None:
    status = answer.status_code
    if status == httpx.codes.OK:
        return
    if status == httpx.codes.TOO_MANY_REQUESTS or (
        status == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" in answer.headers
    ):
        raise _limited(answer)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Hiccup(f"The provider has a fault of its own: {status} from {path}.")
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise Denied(f"The provider refuses the credential: {status} from {path}.")
    if answer.is_redirect:
        raise Denied(f"{path} answers with a redirect: give the address it leads to.")
    raise Denied(f"The provider refuses the request: {status} from {path}.")


def _limited(answer: httpx.Response) -> PullFailed:
    wait_s = _retry_after(answer)
    if wait_s is not None and wait_s > LONGEST_WAIT_S:
        return Busy(wait_s)
    return Hiccup("The provider limits the rate of requests.", wait_s=wait_s, is_limit=True)


def _retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds that Retry-After asks for; a date counts from the answer's own."""
    text = answer.headers.get("retry-after", "")
    if text.isascii() and text.isdecimal():
        return min(float(text), _WEEK_S)
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(answer.headers["date"])
        return max((until - now).total_seconds(), 0)
    except (ValueError, TypeError, KeyError):
        return None


def _bounded(answer: httpx.Response, *, beat: Callable[[], None]) -> bytes:
    pieces, size = [], 0
    for piece in answer.iter_bytes():
        beat()
        size += len(piece)
        if size > MOST_ANSWER_BYTES:
            raise Denied(f"A page is larger than {MOST_ANSWER_BYTES >> 20} MiB.")
        pieces.append(piece)
    return b"".join(pieces)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_s if isinstance(error, Hiccup) else None
    return float(2 ** (state.attempt_number - 1)) if asked is None else asked
