"""`tokenops-sidecar`: run one beside routers in any language, or check a document."""

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from tokenops_sidecar import __version__
from tokenops_sidecar.agent import Agent, Settings
from tokenops_sidecar.call import read_call
from tokenops_sidecar.clock import wall
from tokenops_sidecar.disk import InUse
from tokenops_sidecar.document import parse
from tokenops_sidecar.explain import as_if_unused, explain, summary
from tokenops_sidecar.local import LocalServer
from tokenops_sidecar.reading import Unacceptable, read_json
from tokenops_sidecar.signature import Key, pinned

TOKEN = "TOKENOPS_TOKEN"  # noqa: S105 -- the name of a variable
PORT = 8471


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.does(given))
    except (OSError, Unacceptable, InUse) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


def run(given: argparse.Namespace) -> int:
    """Pull, push and answer until told to stop; then push what waits."""
    token = os.environ.get(TOKEN, "")
    if not token:
        sys.stderr.write(f"Give the token in {TOKEN}: a command line is read by everybody.\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # A line for every request, with its address, helps nobody either.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = Settings(
        url=given.url,
        token=token,
        sidecar=given.sidecar,
        folder=given.folder,
        keys={key.id: key for key in given.key},
    )
    with Agent(settings) as agent, LocalServer(agent, port=given.port) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: Thread(target=server.shutdown).start())
        sys.stdout.write(f"Listening on http://127.0.0.1:{server.port}\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.1)
    return 0


def check(given: argparse.Namespace) -> int:
    """Validate a document; with a call, say how it is decided while the policy is fresh."""
    policy = parse(given.file.read_bytes())
    sys.stdout.write(summary(policy) + "\n")
    if given.call:
        now = wall()
        call = read_call(read_json(given.call.encode()).members())
        sys.stdout.write(explain(call, policy, as_if_unused(policy, now), now) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tokenops-sidecar", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(required=True)
    running = verbs.add_parser("run", help="pull, decide, push; listens on this machine alone")
    running.add_argument("--url", required=True, help="where TokenOps is")
    running.add_argument("--sidecar", required=True, help="its name on the fleet's page")
    running.add_argument("--folder", required=True, type=Path, help="its own folder, kept")
    running.add_argument("--port", type=int, default=PORT)
    running.add_argument(
        "--key", type=_key, action="append", default=[], help="ID=BASE64, believed alone"
    )
    running.set_defaults(does=run)
    checking = verbs.add_parser("check", help="validate a document, explain a decision")
    checking.add_argument("file", type=Path)
    checking.add_argument("--call", help=f"such as {json.dumps(_EXAMPLE)}")
    checking.set_defaults(does=check)
    return parser


_EXAMPLE = {"provider": "openai", "model": "gpt-5", "workflow": "search"}


def _key(text: str) -> Key:
    key_id, _, encoded = text.partition("=")
    try:
        return pinned(key_id, encoded)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{key_id} {problem}") from problem
