"""The lines between packages that import-linter holds: all packages are inside, and each line holds."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture import sources

CONFIGURATION = tomllib.loads((sources.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
LINT_IMPORTS = Path(sysconfig.get_path("scripts")) / "lint-imports"

PLANTED = {
    "shared-knows-no-service": ("frontline/runtime", "import router.core.event"),
    "services-are-strangers": ("router/api", "import intake_email"),
    "shared-layers": ("frontline/runtime", "import frontline.reference"),
    "router-layers": ("router/core", "import router.desk.log"),
    "contract-is-pure": ("frontline/contract", "import asyncio"),
    "core-is-pure": ("router/core", "from os import environ"),
    "intakes-stay-behind-the-host": ("intake_email", "from frontline.runtime.bus import Bus"),
}
"""Contract -> a folder, and an import that has no business there."""


def contract(name: str) -> dict[str, Any]:
    return next(contract for contract in CONFIGURATION["contracts"] if contract["id"] == name)


def test_every_package_of_the_workspace_is_looked_at() -> None:
    """A channel that was added needs no line here: `test_channels_unnamed.py` looks at every intake that there is."""
    there = {package.name for package in sources.packages()}
    names = set(CONFIGURATION["root_packages"])
    assert names <= there
    assert {name for name in there - names if not name.startswith("intake_")} == set()
    assert set(contract("services-are-strangers")["modules"]) == names - {"frontline"}
    assert set(contract("shared-knows-no-service")["forbidden_modules"]) == names - {"frontline"}


def test_every_intake_is_kept_behind_the_host() -> None:
    intakes = {name for name in CONFIGURATION["root_packages"] if name.startswith("intake_")}
    assert set(contract("intakes-stay-behind-the-host")["source_modules"]) == intakes


def test_every_contract_has_a_planted_fault() -> None:
    assert PLANTED.keys() == {contract["id"] for contract in CONFIGURATION["contracts"]}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the workspace in which every line is crossed once."""
    root = tmp_path_factory.mktemp("planted")
    shutil.copy(sources.ROOT / "pyproject.toml", root)
    for package in sources.packages():
        shutil.copytree(package, root / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    for number, (folder, fault) in enumerate(PLANTED.values()):
        (root / folder / f"planted_{number}.py").write_text(fault + "\n")
    done = subprocess.run(
        [sys.executable, LINT_IMPORTS, "--no-logo", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_import_across_the_line_is_caught(name: str, report: str) -> None:
    assert f"{contract(name)['name']} BROKEN" in report
