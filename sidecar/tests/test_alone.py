"""The package stands alone: the standard library, httpx, cryptography, and nothing else."""

import ast
import re
import sys
import tomllib
from pathlib import Path

from tokenops_sidecar import __version__

FOLDER = Path(__file__).parent.parent
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = [wanted for extra in PROJECT["optional-dependencies"].values() for wanted in extra]
DEPENDENCIES = {re.split(r"[^\w-]", wanted)[0] for wanted in PROJECT["dependencies"] + EXTRAS}


def test_it_imports_its_dependencies_and_itself_alone() -> None:
    imported = {
        name.partition(".")[0]
        for path in (FOLDER / "tokenops_sidecar").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in names_of(node)
    }

    assert imported - sys.stdlib_module_names == DEPENDENCIES | {"tokenops_sidecar"}


def test_the_version_is_said_once_and_the_same() -> None:
    assert PROJECT["version"] == __version__


def names_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
