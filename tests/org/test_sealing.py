"""Sealing: what a row keeps is unreadable without the key, and a secret prints as nothing."""

import pickle

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from org.sealing import Secret, Unreadable, reseal, seal, unseal

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
PLAIN = "sk-admin-0123456789"


def test_what_was_sealed_opens_again_and_does_not_hold_the_text() -> None:
    sealed = seal(Secret(PLAIN))

    assert PLAIN.encode() not in sealed
    assert unseal(sealed).reveal() == PLAIN


def test_keys_that_are_named_later_still_open_what_the_derived_one_sealed() -> None:
    sealed = seal(Secret(PLAIN))

    with override_settings(TOKENOPS_SECRETS_KEY=[NEW]):
        assert unseal(sealed).reveal() == PLAIN


def test_a_key_is_rotated_by_naming_the_new_one_first() -> None:
    with override_settings(TOKENOPS_SECRETS_KEY=[OLD]):
        sealed = seal(Secret(PLAIN))
    with override_settings(TOKENOPS_SECRETS_KEY=[NEW, OLD]):
        fresh = reseal(sealed)

    with override_settings(TOKENOPS_SECRETS_KEY=[NEW]):
        assert unseal(fresh).reveal() == PLAIN
        with pytest.raises(Unreadable, match="not in TOKENOPS_SECRETS_KEY any more"):
            unseal(sealed)
        with pytest.raises(Unreadable):
            reseal(sealed)


def test_another_secret_key_opens_nothing() -> None:
    sealed = seal(Secret(PLAIN))

    with override_settings(SECRET_KEY="another one, long enough"), pytest.raises(Unreadable):
        unseal(sealed)


def test_a_secret_is_neither_printed_nor_pickled() -> None:
    secret = Secret(PLAIN)

    assert (str(secret), repr(secret), f"{secret}") == ("Secret(…)",) * 3
    assert bool(secret)
    assert not Secret("")
    with pytest.raises(TypeError, match="not to be pickled"):
        pickle.dumps(secret)
