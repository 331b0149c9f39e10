"""Where the project's own Python stands, found on disk: a new service is under the rules at once."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_PURE = re.compile(r"(?<![\w-])(?:Pure|pure)[.:,]")


@dataclass(frozen=True, slots=True)
class Source:
    """One module: its dotted name, its path from the root with forward slashes, its text."""

    module: str
    path: str
    text: str


def packages() -> list[Path]:
    """The folder of each importable package of the workspace."""
    return sorted(
        marker.parent
        for pattern in ("shared/src/*/__init__.py", "services/*/src/*/__init__.py")
        for marker in ROOT.glob(pattern)
    )


def read(package: Path) -> Iterator[Source]:
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield Source(module, path.relative_to(ROOT).as_posix(), path.read_text())


def shipped() -> list[Source]:
    """Every module that is installed, tests excluded."""
    return [source for package in packages() for source in read(package)]


def pure() -> list[Source]:
    """Every module of the rooms that are pure, and every module elsewhere that says so in its docstring.

    In an intake the rooms are `normalize` and `render`, and whatever they import from their own package.
    """
    every = {source.module: source for source in shipped()}
    rooms = [name for name in every if _within(name, "frontline.contract") or _within(name, "router.core")]
    rooms += [source.module for source in every.values() if says_it_is_pure(source.text)]
    for package in packages():
        if package.name.startswith("intake_"):
            entrances = [name for name in (f"{package.name}.normalize", f"{package.name}.render") if name in every]
            rooms += _reached(entrances, package.name, every)
    return [every[name] for name in sorted(set(rooms))]


def says_it_is_pure(text: str) -> bool:
    return _PURE.search(ast.get_docstring(ast.parse(text)) or "") is not None


def _within(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def _reached(entrances: list[str], package: str, every: dict[str, Source]) -> set[str]:
    seen: set[str] = set()
    todo = list(entrances)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        todo += [other for other in imported(every[name].text) if other in every and _within(other, package)]
    return seen - {package}


def imported(text: str) -> set[str]:
    """Dotted names that a module imports; for `from a import b` both `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names
