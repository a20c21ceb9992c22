"""Where a process stands: its environment, the project's folder, the folder it may write in."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
# What the process was given outranks the file; without the file nothing is missing.
env.read_env(BASE_DIR / ".env")

# Everything written at run time: the embedded database, the broker's folder, spooled files.
VAR_DIR = Path(env("TOKENOPS_VAR", default=str(BASE_DIR / "var"))).resolve()
