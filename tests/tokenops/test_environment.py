"""Every variable the product reads is written down where people look for it."""

import re
from itertools import pairwise
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"""\benv(?:\.\w+)?\(\s*["']([A-Z][A-Z0-9_]*)["']""")
DOCUMENTED = re.compile(r"^#?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def variables_read() -> set[str]:
    sources = (ROOT / "tokenops").rglob("*.py")
    return {name for path in sources for name in READ.findall(path.read_text(encoding="utf-8"))}


def variables_documented() -> set[str]:
    return set(DOCUMENTED.findall((ROOT / ".env.example").read_text(encoding="utf-8")))


def test_the_example_names_every_variable_that_is_read_and_no_other() -> None:
    assert "DATABASE_URL" in variables_read()
    assert variables_documented() - {"CHROMIUM"} == variables_read()


def test_every_variable_of_the_example_has_a_line_that_explains_it() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()

    unexplained = [
        line
        for before, line in pairwise(lines)
        if DOCUMENTED.match(line) and not re.match(r"# \w", before)
    ]

    assert unexplained == []


def test_the_readme_names_every_variable() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert {name for name in variables_documented() if f"`{name}`" not in text} == set()


def test_only_the_migration_of_the_compose_file_knows_the_owner() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services = compose["services"]

    knowing = {
        name
        for name, service in services.items()
        if "DATABASE_OWNER_URL" in service.get("environment", {})
    }

    assert set(services) == {
        "proxy", "web", "policy", "worker", "beat", "migrate", "postgres", "rabbitmq"
    }  # fmt: skip
    assert knowing == {"migrate"}
    assert set(compose["x-tokenops"]["environment"]) <= variables_documented()
    for service in services.values():
        for mount in [*service.get("volumes", []), *service.get("configs", [])]:
            name = mount["source"] if isinstance(mount, dict) else mount.partition(":")[0]
            assert name in compose["volumes"] | compose["configs"]
