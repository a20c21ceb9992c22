"""A bucket of S3, or of what speaks like it: each new object once."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import IO, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ingestion.connectors import drops
from ingestion.connectors.kind import Ask, Field, Found, Kind, check_address
from ingestion.connectors.web import Denied, Hiccup, PullFailed, refuse_link_local
from ingestion.readers.contract import Refused

CONFIG = Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"max_attempts": 4, "mode": "standard"},
    s3={"addressing_style": "auto"},
)
REFUSALS = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "401", "403", "Forbidden"}
)


class Bucket:
    """The objects beneath a prefix."""

    def __init__(self, client: Any, *, bucket: str, prefix: str) -> None:
        self.client, self.bucket, self.prefix = client, bucket, prefix

    def listed(self) -> Iterator[Found]:
        """Yield the objects, page by page, in the order of their keys."""
        pages = self.client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
                for entry in page.get("Contents", ()):
                    key = entry["Key"]
                    if not key.endswith("/") and drops.is_whole(key.rpartition("/")[2]):
                        yield Found(key, entry["ETag"].strip('"'), entry["Size"])
        except (ClientError, BotoCoreError) as error:
            raise _failure(error, f"The bucket {self.bucket} cannot be listed") from None

    def opened(self, found: Found) -> closing[IO[bytes]]:
        """Open an object as it was listed; one replaced meanwhile is another pull's."""
        try:
            answer = self.client.get_object(
                Bucket=self.bucket, Key=found.path, IfMatch=f'"{found.etag}"'
            )
        except (ClientError, BotoCoreError) as error:
            raise _failure(error, f"{found.path} cannot be read") from None
        return closing(cast("IO[bytes]", Body(answer["Body"], found.path)))


class Body:
    """An object's content, its troubles in words."""

    def __init__(self, stream: Any, path: str) -> None:
        self.stream, self.path = stream, path

    def read(self, size: int) -> bytes:
        try:
            return bytes(self.stream.read(size))
        except (BotoCoreError, OSError) as error:
            raise _failure(error, f"{self.path} broke off") from None

    def close(self) -> None:
        self.stream.close()


def open_folder(ask: Ask) -> Bucket:
    """Open the bucket with the given key, or where none is given as the machine itself may."""
    endpoint = ask.setting("endpoint") or None
    if endpoint:
        refuse_link_local(urlsplit(endpoint).hostname or "")
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=ask.setting("region"),
        aws_access_key_id=ask.setting("access_key_id") or None,
        aws_secret_access_key=ask.credential.reveal() or None,
        config=CONFIG,
    )
    return Bucket(client, bucket=ask.setting("bucket"), prefix=ask.setting("prefix"))


def check(config: Mapping[str, str]) -> None:
    if config["endpoint"]:
        check_address(config["endpoint"])
    if "/" in config["bucket"]:
        raise Refused("The bucket is a name without slashes; the rest belongs into the prefix.")
    drops.check(config)


def _failure(error: Exception, what: str) -> PullFailed:
    """Put a library's error into words; its own may quote what was signed."""
    if not isinstance(error, ClientError):
        return Hiccup(f"{what}: {type(error).__name__}.")
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    if code in REFUSALS:
        return Denied(f"{what}: the credential is refused ({code}).")
    return PullFailed(f"{what}: {code}.")


KIND = Kind(
    name="s3",
    title="Drop folder in S3 or alike",
    source="",
    fields=(
        Field("bucket", "Bucket", required=True),
        Field("prefix", "Prefix", "Such as exports/openai/. Empty: the whole bucket."),
        Field("region", "Region", default="us-east-1"),
        Field("endpoint", "Address", "Where it is not Amazon's, such as https://minio.example."),
        Field("access_key_id", "Access key ID", "Empty: what the machine itself may."),
        *drops.FIELDS,
    ),
    credential="Secret access key",
    needs_credential=False,
    open_folder=open_folder,
    check=check,
)
