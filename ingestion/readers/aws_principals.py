"""Who called on AWS, by the names of things: the key, the person, the profile."""

import re

# BedrockAPIKey-x is a user that AWS makes for each long-lived key of Bedrock's own.
_API_KEY = re.compile(r"BedrockAPIKey", re.IGNORECASE)

_PROFILE = re.compile(r":application-inference-profile/([^/]+)$")


def caller_of(arn: str) -> tuple[str, str]:
    """Return the key and the person of a principal's ARN, '' where it tells none.

    A role is a key many may use; its session is a person where single sign-on made it,
    and is then an e-mail address. A user is both, unless it stands for an API key.
    """
    resource = arn.strip().partition("::")[2].partition(":")[2]
    kind, _, name = resource.partition("/")
    if kind == "assumed-role":
        role, _, session = name.partition("/")
        return role, session if "@" in session else ""
    name = name.rpartition("/")[2]
    if kind == "user":
        return name, "" if _API_KEY.match(name) else name
    return (name, "") if kind in {"role", "federated-user"} else (resource, "")


def profile_of(arn: str) -> str:
    """Return the id of the application inference profile an ARN names, or ''.

    Such a profile is made so that an application's calls can be told from others.
    """
    found = _PROFILE.search(arn.strip())
    return found[1] if found else ""
