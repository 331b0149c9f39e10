"""`make new-channel NAME=telegram`: a copy of the template as a package of its own, with its tests.

    python -m frontline.testing.new_channel telegram services

Nothing that exists is changed.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import frontline
from frontline.contract.error import Mistake, SettingsError
from frontline.contract.subject import is_token

_TEMPLATE = Path(__file__).parent / "echo"
_PACKAGE = "frontline.testing.echo"

_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "frontline-intake-{name}"
version = "{version}"
description = "{title} as a channel."
requires-python = ">=3.11"
dependencies = ["frontline", "aiohttp>=3.12", "msgspec>=0.20"]

[project.entry-points."frontline.channels"]
{name} = "{package}.channel:{title}Channel"

[tool.hatch.build.targets.wheel]
packages = ["src/{package}"]
"""


def new_channel(name: str, services: Path) -> Path:
    """Write it to `services/intake-<name>`; gives that folder. `SettingsError` for a bad or taken name."""
    folder = services / f"intake-{name}"
    if not is_token(name) or not name[0].isalpha():
        raise SettingsError([Mistake(f"NAME={name}", "must be lower-case letters, digits and hyphens, as in telegram")])
    if folder.exists():
        raise SettingsError([Mistake(str(folder), "is there already")])
    package = f"intake_{name.replace('-', '_')}"
    title = "".join(part.capitalize() for part in name.split("-"))
    for source in sorted(_TEMPLATE.glob("*.py")):
        test = source.name.startswith("test_")
        target = folder / ("tests" if test else f"src/{package}") / source.name.replace("echo", name.replace("-", "_"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(source.read_text(encoding="utf-8"), name, package, title), encoding="utf-8")
    (folder / "src" / package / "__init__.py").write_text(f'"""{title} as a channel."""\n', encoding="utf-8")
    (folder / "src" / package / "py.typed").touch()
    pyproject = _PYPROJECT.format(name=name, version=frontline.__version__, title=title, package=package)
    (folder / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    return folder


def _renamed(text: str, name: str, package: str, title: str) -> str:
    word = name.replace("-", "_")
    text = text.replace(_PACKAGE, package).replace('"echo"', f'"{name}"')
    text = text.replace("Echo", title).replace("ECHO", word.upper())
    return re.sub(r"(?<![a-z])echo(?![a-z])", word, text)


def main(arguments: Sequence[str]) -> int:
    """Gives the exit code; 64 (EX_USAGE) without the two arguments."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m frontline.testing.new_channel NAME FOLDER\n")
        return 64
    try:
        folder = new_channel(arguments[0], Path(arguments[1]))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 78
    sys.stdout.write(f"{folder}: what it does now is in src/; make it speak your channel, and keep its tests passing\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
