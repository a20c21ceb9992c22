"""The name of a principal on AWS tells a key, and sometimes a person."""

import pytest

from ingestion.readers.aws_principals import caller_of, profile_of

ACCOUNT = "123400005678"


@pytest.mark.parametrize(
    ("arn", "key", "person"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/drafter/i-0abc", "drafter", ""),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/SSO_Dev_1/ana@x.com", "SSO_Dev_1", "ana@x.com"),
        (f"arn:aws:iam::{ACCOUNT}:role/service/drafter", "drafter", ""),
        (f"arn:aws:iam::{ACCOUNT}:user/ana", "ana", "ana"),
        (f"arn:aws:iam::{ACCOUNT}:user/people/ana", "ana", "ana"),
        (f"arn:aws:iam::{ACCOUNT}:user/BedrockAPIKey-x1", "BedrockAPIKey-x1", ""),
        (f"arn:aws-us-gov:sts::{ACCOUNT}:federated-user/bo", "bo", ""),
        (f"arn:aws:iam::{ACCOUNT}:root", "root", ""),
        ("", "", ""),
        ("nobody", "", ""),
    ],
)
def test_a_role_is_a_key_and_a_user_or_a_signed_on_session_a_person(
    arn: str, key: str, person: str
) -> None:
    assert caller_of(arn) == (key, person)


def test_a_profile_is_known_by_its_id() -> None:
    profile = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/a1b2"

    assert profile_of(profile) == "a1b2"
    assert profile_of(profile.replace("application-", "")) == ""
