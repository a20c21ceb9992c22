"""Where webhooks may lead: to public addresses by https, and nowhere else, on no way round."""

import socket
from typing import Any

import pytest

from org.outbound import Sent, post, problem_with
from tests.fakes.listener import running_listener

INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 -- an address to refuse
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
]


def known_as(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name lead to these addresses."""
    real = socket.getaddrinfo

    def found(host: str, port: int, *more: Any, **named: Any) -> list[Any]:
        if not host.endswith(".example"):
            return list(real(host, port, *more, **named))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr("org.outbound.socket.getaddrinfo", found)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_as_text_and_behind_a_name(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    host = f"[{address}]" if ":" in address else address
    assert "is not a public address" in str(problem_with(f"https://{host}/"))

    known_as(monkeypatch, "93.184.215.14", address)
    sent = post("https://hooks.example/", b"{}", {})

    expected = "hooks.example is not a public address, so nothing is sent there."
    assert sent == Sent(is_taken=False, is_final=True, answer=expected)


@pytest.mark.parametrize(
    "url", ["http://hooks.example/", "ftp://hooks.example/", "https://", "https://[", "nonsense"]
)
def test_only_https_is_taken(url: str) -> None:
    assert problem_with(url) is not None


def test_a_password_in_the_address_is_refused() -> None:
    assert "Leave name and password" in str(problem_with("https://a:b@hooks.example/"))
    assert problem_with("https://hooks.example:8443/in?room=1") is None


def test_where_it_is_allowed_an_address_inside_is_posted_to(settings: Any) -> None:
    settings.TOKENOPS_WEBHOOKS_INSIDE = True
    with running_listener() as listener:
        sent = post(f"{listener.url}/hook", b"{}", {"X": "1"})

        assert sent == Sent(is_taken=True, is_final=True, answer="Answered 204.")
        assert listener.got[0].headers["host"] == listener.url.removeprefix("http://")
    assert "is not a public address" in str(problem_with("https://169.254.169.254/"))


def test_a_name_is_looked_up_once_and_no_proxy_is_asked(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TOKENOPS_WEBHOOKS_INSIDE = True
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with running_listener() as listener:
        port = listener.url.rpartition(":")[2]
        known_as(monkeypatch, "127.0.0.1")

        sent = post(f"http://hooks.example:{port}/", b"{}", {})

        assert sent.is_taken
        assert listener.got[0].headers["host"] == f"hooks.example:{port}"
