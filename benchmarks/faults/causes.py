"""What goes wrong in a drill: each fault is one function of the scene it happens in."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Starts the embedded server, and leaves it to those who still hold it.
_START = (
    "import sys, pathlib; from tokenops import embedded;"
    " embedded.use(var_dir=pathlib.Path(sys.argv[1]))"
)


class Redis:
    """A Redis of the drill's own, that keeps nothing."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
        self._process = subprocess.Popen([*command, *quiet], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                return self.say("PING")
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("Redis did not start in ten seconds.")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def say(self, command: str) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{command}\r\n".encode())
            connection.recv(64)


@dataclass
class Scene:
    """What a fault can reach: the workers, the folder of everything, the dice."""

    folder: Path
    worker: Any
    dice: random.Random
    redis: Redis | None = None
    done: Counter[str] = field(default_factory=Counter)


Fault = Callable[[Scene], None]


def kill_parent(scene: Scene) -> None:
    scene.worker.kill()
    scene.worker.start()


def kill_child(scene: Scene) -> None:
    children = scene.worker.children()
    if children:
        os.kill(scene.dice.choice(children), signal.SIGKILL)


def stop_database(scene: Scene) -> None:
    """Stop the server as a crash does, without a checkpoint, and start it again."""
    pid = int((scene.folder / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.05)
    subprocess.run([sys.executable, "-c", _START, str(scene.folder)], check=True)


def lose_messages(scene: Scene) -> None:
    """Lose every message that no worker has taken."""
    if scene.redis:
        scene.redis.say("FLUSHALL")
        return
    for message in (scene.folder / "broker" / "messages").glob("*.msg"):
        message.unlink(missing_ok=True)


def restart_broker(scene: Scene) -> None:
    if scene.redis:
        scene.redis.kill()
        scene.redis.start()
