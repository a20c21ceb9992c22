"""Fetch, check and build the browser files that vendor.toml names.

Run by developers only (`make vendor`): needs npm, and Chromium for Plotly's rules.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "vendor.toml"
TARGET = ROOT / "static" / "vendor"
# What manifest storage would follow and not find.
SOURCE_MAP = re.compile(rb"^//[#@] sourceMappingURL=.*$\n?", re.MULTILINE)
STYLE_RULES = """() => [...document.getElementById("plotly.js-style-global").sheet.cssRules]
    .map(rule => rule.cssText).join("\\n") + "\\n" """


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def packages() -> list[dict[str, Any]]:
    """Return the packages of vendor.toml as they stand there."""
    return list(tomllib.loads(MANIFEST.read_text())["package"])


def folder_of(package: dict[str, Any]) -> Path:
    return TARGET / f"{package['folder']}-{package['version']}"


def expected(package: dict[str, Any]) -> dict[Path, str]:
    """Return the committed files of a package with the hash each must have."""
    folder = folder_of(package)
    hashes = {folder / Path(name).name: digest for name, digest in package.get("files", {}).items()}
    if "global_css" in package:
        hashes[folder / "plotly-global.css"] = package["global_css"]
    if "sprite" in package:
        hashes[folder / "icons.svg"] = package["sprite"]
    return hashes


def fetch(package: dict[str, Any], into: Path) -> Path:
    """Download the package with npm and return the folder of its content."""
    spec = f"{package['name']}@{package['version']}"
    command = [
        shutil.which("npm") or "npm",
        "pack",
        "--silent",
        "--pack-destination",
        str(into),
        spec,
    ]
    packed = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 -- the names are ours, in vendor.toml
    with tarfile.open(into / packed.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(into / package["folder"], filter="data")
    return into / str(package["folder"]) / "package"


def copy_files(package: dict[str, Any], content: Path) -> None:
    folder = folder_of(package)
    folder.mkdir(parents=True, exist_ok=True)
    for name in package.get("files", {}):
        kept = SOURCE_MAP.sub(b"", (content / name).read_bytes())
        (folder / Path(name).name).write_bytes(kept)
    shutil.copyfile(content / "LICENSE", folder / "LICENSE")


def symbol(name: str, svg: str) -> str:
    """Return one drawing as a symbol that a page can use by its name."""
    drawing = svg.split(">", 2)[2].rsplit("</svg>", 1)[0]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{" ".join(drawing.split())}</symbol>'


def build_sprite(package: dict[str, Any], content: Path) -> None:
    symbols = [symbol(n, (content / "icons" / f"{n}.svg").read_text()) for n in package["icons"]]
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (folder_of(package) / "icons.svg").write_text(sprite)


def injected_rules(script: Path, *, chromium: str) -> str:
    """Return the rules that Plotly adds to a page, as headless Chromium reads them.

    Plotly leaves a page alone that already links them, which is the one way to
    use it under a policy without inline styles.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- only this step needs it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(path=script)
        rules = str(page.evaluate(STYLE_RULES))
        browser.close()
    return rules


def build_global_css(package: dict[str, Any]) -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        sys.exit("plotly-global.css needs Chromium: put it on PATH or name it in CHROMIUM.")
    folder = folder_of(package)
    rules = injected_rules(folder / "plotly-basic.min.js", chromium=chromium)
    (folder / "plotly-global.css").write_text(rules)


def mismatches(package: dict[str, Any]) -> list[str]:
    """Return a sentence for every file that differs from what vendor.toml promises."""
    return [
        f"{path.relative_to(ROOT)}: found sha256 {sha256(path)}, vendor.toml says {digest!r}."
        for path, digest in expected(package).items()
        if sha256(path) != digest
    ]


def vendor(package: dict[str, Any], workshop: Path) -> None:
    content = fetch(package, workshop)
    copy_files(package, content)
    if "icons" in package:
        build_sprite(package, content)
    if "global_css" in package:
        build_global_css(package)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare the committed files")
    only_check = parser.parse_args().check
    problems = []
    with tempfile.TemporaryDirectory() as workshop:
        for package in packages():
            if not only_check:
                vendor(package, Path(workshop))
            problems += mismatches(package)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
