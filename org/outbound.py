"""Posting to an address that a person typed in: only where it may lead, and no way round.

The name is resolved once and the connection made to that address, so that an answer of
the name service which changes in between leads nowhere else; redirects are not followed.
"""

import ipaddress
import socket
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
from django.conf import settings

TIMEOUT = httpx.Timeout(10, connect=5)
GONE = 410
# Addresses of IPv6 behind which a translator finds one of IPv4.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Sent(NamedTuple):
    """What came of an attempt: taken, or not and whether trying again could help."""

    is_taken: bool
    is_final: bool
    answer: str


class Forbidden(Exception):
    """The address leads where nothing is sent; its sentence is shown to people."""


def problem_with(url: str) -> str | None:
    """Say why nothing could be sent to a URL, as far as its text tells; None where it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is no address such as https://hooks.example/tokenops."
    schemes = ("https", "http") if settings.TOKENOPS_WEBHOOKS_INSIDE else ("https",)
    if parts.scheme not in schemes or not host:
        return "Give an address that begins with https://, so that nobody reads it on its way."
    if parts.username or parts.password:
        return "Leave name and password out of the address: what is sent is signed."
    try:
        _check(ipaddress.ip_address(host), host=host)
    except Forbidden as forbidden:
        return str(forbidden)
    except ValueError:
        return None  # a name: looked up when something is sent
    return None


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Sent:
    """Send a body; whatever the address does, the answer is a value."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if (problem := problem_with(url)) is not None:
        return Sent(is_taken=False, is_final=True, answer=problem)
    try:
        address = _resolved(host, parts.port or (443 if parts.scheme == "https" else 80))
        return _posted(httpx.URL(url), address, body, headers)
    except Forbidden as forbidden:
        return Sent(is_taken=False, is_final=True, answer=str(forbidden))
    except httpx.TimeoutException:
        return _not_taken(f"{host} did not answer in time.")
    except (httpx.HTTPError, OSError, UnicodeError) as error:
        return _not_taken(f"{host} could not be reached: {type(error).__name__}.")


def _posted(url: httpx.URL, address: Address, body: bytes, headers: Mapping[str, str]) -> Sent:
    # The certificate is still asked for by the name, and the name still said to the host.
    pinned = url.copy_with(host=str(address))
    sent = {**headers, "Host": url.netloc.decode("ascii")}
    extensions = {"sni_hostname": url.host}
    with (
        httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", pinned, content=body, headers=sent, extensions=extensions) as answer,
    ):
        # The body is not read: it could be long, or something that is nobody's business.
        status = answer.status_code
    if answer.is_success:
        return Sent(is_taken=True, is_final=True, answer=f"Answered {status}.")
    if answer.is_redirect:
        return _not_taken(f"Answered {status}, a redirect, which is not followed.")
    return Sent(is_taken=False, is_final=status == GONE, answer=f"Answered {status}.")


def _not_taken(answer: str) -> Sent:
    return Sent(is_taken=False, is_final=False, answer=answer)


def _resolved(host: str, port: int) -> Address:
    """Return an address of the host; raises Forbidden if any of them leads inside."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in found]
    for address in addresses:
        _check(address, host=host)
    return addresses[0]


def _check(address: Address, *, host: str) -> None:
    inner = _behind(address)
    if settings.TOKENOPS_WEBHOOKS_INSIDE and not inner.is_link_local:
        return
    if not inner.is_global or inner.is_multicast:
        raise Forbidden(f"{host} is not a public address, so nothing is sent there.")


def _behind(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
