"""Rules for every module of ours, each a small look at its syntax tree or its path."""

import ast
import re
from pathlib import PurePosixPath

from tests.architecture.names import dotted, origins

LONGEST = 400
MEDIAN = 100

DRAWERS = {"util", "utils", "common", "helper", "helpers", "misc", "manager", "managers", "base", "shared", "stuff"}

SUBJECT_ROOTS = (
    "command", "desk", "draft", "event", "inbound", "live", "outbound", "parked", "signal", "tail", "transcript",
)  # fmt: skip

_ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}

_SUBJECT = re.compile(rf"(?:{'|'.join(SUBJECT_ROOTS)})\.(?:[a-z0-9*>{{}}._-]*[*>{{}}][a-z0-9*>{{}}._-]*)?\Z")


def drawers(path: str) -> list[str]:
    """Parts of the path that name a drawer rather than what is in it."""
    parts = PurePosixPath(path).with_suffix("").parts
    inside = parts[parts.index("src") + 2 :] if "src" in parts else parts
    return [part for part in inside if part.strip("_") in DRAWERS]


def lines(text: str) -> int:
    return len(text.splitlines())


def environment(text: str) -> list[str]:
    """Where a module reads or changes the environment of its process."""
    tree = ast.parse(text)
    names = origins(tree)
    found = [f"{name} from {origin}" for name, origin in names.items() if origin in _ENVIRONMENT]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node, names) in _ENVIRONMENT:
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def bare_tasks(text: str) -> list[str]:
    """Tasks that nobody waits for: started otherwise than by a `TaskGroup`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = ast.unparse(node.func)
            owner, _, method = name.rpartition(".")
            started = method in {"create_task", "ensure_future"}
            if started and (owner in {"", "asyncio"} or "loop" in owner or method == "ensure_future"):
                found.append(f"{node.lineno}: {name}")
    return found


def patterns(text: str) -> list[str]:
    """Patterns that msgspec would check. Of some types, tuples and unions among them, it lets go of the pattern while
    it needs it (its issue 717): one bad value ends the process. Say it in `extra_json_schema` and look for yourself.
    """
    tree = ast.parse(text)
    names = origins(tree)
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and dotted(node.func, names) == "msgspec.Meta"
        and any(keyword.arg in {"pattern", None} for keyword in node.keywords)
    ]


def subjects(text: str) -> list[str]:
    """Strings that are subjects, or beginnings of subjects, of the bus."""
    tree = ast.parse(text)
    prose = _prose(tree)
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            written = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose | parts:
            written = node.value
        else:
            continue
        if _SUBJECT.match(written):
            found.append(f"{node.lineno}: {written}")
    return found


def _prose(tree: ast.AST) -> set[int]:
    """Strings that stand alone: docstrings."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
