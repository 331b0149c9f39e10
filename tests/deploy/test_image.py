"""The steps of the Dockerfile, done without containers: what is installed stands on its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.overlays import DEPLOY, ROOT

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
pytestmark = pytest.mark.timeout(300)
ALL_LOAD = """
from importlib.metadata import entry_points
for group in ("frontline.channels", "frontline.services", "frontline.commands"):
    for each in entry_points(group=group):
        each.load()
        print(group, each.name)
"""


def steps(stage: int) -> list[tuple[str, str]]:
    """Instruction and argument of each step of a stage, with continued lines put together."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    stages = re.split(r"^FROM .*\n", text, flags=re.MULTILINE)[1:]
    return [(name, rest.strip()) for name, rest in re.findall(r"^([A-Z]+) +(.*)$", stages[stage], re.MULTILINE)]


def install(folder: Path) -> Path:
    """/opt/frontline, once the folder that it was built in is gone. `uv` is the one of this environment, with what
    it has downloaded already; compiling ahead is left out, which only takes time.
    """
    build, opt = folder / "build", folder / "opt"
    build.mkdir()
    for name, argument in steps(0):
        if name == "COPY":
            *sources, target = argument.split()
            for source in sources:
                into = build / (source if target == "./" else target)
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    into.parent.mkdir(exist_ok=True)
                    shutil.copy(ROOT / source, into)
        elif name == "RUN" and "/opt/frontline" in argument:
            command = argument.replace("/opt/", f"{opt}/").replace("/uv/bin/uv", f"{Path(sys.executable).parent}/uv")
            command = (
                command.replace("--no-cache ", "")
                .replace("--compile-bytecode ", "")
                .replace("$(command -v python3)", sys.executable)
            )
            done = subprocess.run(["bash", "-euc", command], cwd=build, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    shutil.rmtree(build)
    return opt / "frontline"


def run(installed: Path, *arguments: str) -> str:
    environ = {"PATH": f"{installed}/bin:{os.defpath}", "PYTHONTZPATH": ""}
    done = subprocess.run(arguments, env=environ, cwd=installed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_image_has_all_it_runs_and_nothing_of_the_folder_that_it_was_built_in(tmp_path: Path) -> None:
    installed = install(tmp_path)
    assert run(installed, f"{installed}/bin/frontline", "--version").startswith("frontline ")
    loaded = run(installed, f"{installed}/bin/python", "-c", ALL_LOAD).split("\n")
    for package in ROOT.glob("services/*"):
        kind, name = ("channels", package.name[7:]) if package.name[:7] == "intake-" else ("services", package.name)
        assert f"frontline.{kind} {name}" in loaded
    names = {path.name.partition("-")[0] for path in installed.rglob("*.dist-info")}
    assert {"frontline", "tzdata", "msgspec"} <= names
    assert not {"pytest", "mypy", "ruff", "playwright"} & names, "only tests need them"


def test_the_image_ends_in_an_exec_form_and_another_user_than_root() -> None:
    assert ("USER", "10001:10001") in steps(1)
    assert DOCKERFILE.splitlines()[-1] == 'ENTRYPOINT ["frontline"]'
