"""Commands that other packages bring along."""

from pathlib import Path

from tests.integration.cli.command import frontline


def package(folder: Path, name: str, code: str) -> dict[str, str]:
    """A distribution that is installed by standing on the path; gives the environment for it."""
    info = folder / f"{name}_commands-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}-commands\nVersion: 1\nSummary: Speaks to {name}s.\n"
    )
    (info / "entry_points.txt").write_text(f"[frontline.commands]\n{name} = {name}_commands:add\n")
    (folder / f"{name}_commands.py").write_text(code)
    return {"PYTHONPATH": str(folder)}


GOOD = """
from frontline.contract.error import Unavailable

def add(parser):
    parser.add_argument("word")
    parser.set_defaults(act=act)

def act(arguments, environ):
    if arguments.word == "never":
        raise Unavailable("no pigeon is here")
    print(arguments.word, environ["FRONTLINE_PIGEON"])
    return 3
"""


def test_a_package_brings_a_command_which_gets_its_arguments_and_the_environment(tmp_path: Path) -> None:
    environ = package(tmp_path, "pigeon", GOOD) | {"FRONTLINE_PIGEON": "grey"}
    done = frontline("pigeon", "coo", cwd=tmp_path, environ=environ)
    assert (done.returncode, done.stdout) == (3, "coo grey\n")
    assert "Speaks to pigeons" in frontline("--help", cwd=tmp_path, environ=environ).stdout


def test_its_errors_are_told_as_those_of_every_command(tmp_path: Path) -> None:
    done = frontline("pigeon", "never", cwd=tmp_path, environ=package(tmp_path, "pigeon", GOOD))
    assert (done.returncode, done.stderr) == (1, "no pigeon is here\n")


def test_a_broken_package_costs_only_its_own_command(tmp_path: Path) -> None:
    environ = package(tmp_path, "pigeon", "raise LookupError('planted')")
    assert frontline("init", "mine.toml", cwd=tmp_path, environ=environ).returncode == 0
    done = frontline("pigeon", cwd=tmp_path, environ=environ)
    assert done.returncode == 2
    assert "command pigeon: can't be loaded: LookupError" in done.stderr


def test_a_package_can_not_take_the_place_of_a_command_of_ours(tmp_path: Path) -> None:
    environ = package(tmp_path, "init", GOOD)
    assert frontline("init", "mine.toml", cwd=tmp_path, environ=environ).returncode == 0
