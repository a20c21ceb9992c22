"""Keys: sealed under the secret, true over exact bytes."""

import pytest

from policy.keys import Unreadable, is_signed, make_pair, sign

SECRET = "a secret"


def test_a_signature_holds_for_its_bytes_alone() -> None:
    pair = make_pair(secret=SECRET)

    signature = sign(b"body", sealed_private=pair.sealed_private, secret=SECRET)

    assert is_signed(b"body", signature=signature, public=pair.public)
    assert not is_signed(b"body ", signature=signature, public=pair.public)
    other = make_pair(secret=SECRET)
    assert not is_signed(b"body", signature=signature, public=other.public)


def test_another_secret_does_not_open_the_key() -> None:
    pair = make_pair(secret=SECRET)

    with pytest.raises(Unreadable):
        sign(b"body", sealed_private=pair.sealed_private, secret="another")
