"""What a pure room must not do, found in the syntax tree of one module.

import-linter holds the lines between packages; here is what no import shows: a clock that is read
by way of an innocent module, a builtin that does I/O, an `await`, something that is remembered.
"""

import ast
import sys
from collections.abc import Iterator

from tests.architecture.names import dotted, origins

PURE_STDLIB = {
    "abc", "base64", "binascii", "bisect", "codecs", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal",
    "email", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "html", "ipaddress", "itertools", "json", "math", "operator",
    "quopri", "re", "string", "struct", "textwrap", "types", "typing", "unicodedata", "zlib", "zoneinfo",
}  # fmt: skip

PURE_MODULES = {"http", "io.IncrementalNewlineDecoder", "urllib.parse"}
"""Modules of packages that are not pure as a whole, and what is pure of a module."""

IMPURE_LIBRARIES = {
    "aiohttp", "aiosmtpd", "aiosmtplib", "faststream", "nats", "prometheus_client", "structlog", "uvloop",
    "frontline.cli", "frontline.reference", "frontline.runtime", "frontline.supervisor", "frontline.testing",
}  # fmt: skip

IMPURE_CALLS = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "email.utils.localtime", "email.utils.make_msgid",
    "breakpoint", "eval", "exec", "hash", "id", "input", "open", "print", "vars", "__import__",
}  # fmt: skip

CLOCK_METHODS = {"now", "utcnow", "today"}

CLOCK_WITHOUT_ARGUMENT = {"email.utils.formatdate"}

_EMPTY_CALLS = {
    "dict",
    "list",
    "set",
    "bytearray",
    "collections.defaultdict",
    "collections.deque",
    "collections.OrderedDict",
}


def impurities(text: str, *, protocols_may_await: bool = False) -> list[str]:
    """What in this module is not pure, as `line: what`.

    `protocols_may_await` is for the room that declares the ports: the `async def` without a body of
    a `Protocol` awaits nothing.
    """
    tree = ast.parse(text)
    names = origins(tree)
    declared = _declarations(tree) if protocols_may_await else set()
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        found += [(line, what) for what in _faults(node, names, declared)]
    found += [(line, f"remembers in {name}") for line, name in _memories(tree, names)]
    return [f"{line}: {what}" for line, what in sorted(found)]


def _faults(node: ast.AST, names: dict[str, str], declared: set[ast.AST]) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (f"imports {alias.name}" for alias in node.names if _impure_module(alias.name))
        case ast.ImportFrom(level=0, module=str(module)):
            if _impure_module(module) and not all(f"{module}.{alias.name}" in PURE_MODULES for alias in node.names):
                yield f"imports {module}"
        case ast.AsyncFunctionDef():
            if node not in declared:
                yield f"async def {node.name}"
        case ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            yield "await"
        case ast.Global():
            yield "global"
        case ast.Call():
            yield from _call(node, names)


def _call(node: ast.Call, names: dict[str, str]) -> Iterator[str]:
    name = dotted(node.func, names)
    if name in IMPURE_CALLS:
        yield f"calls {name}"
    elif name in CLOCK_WITHOUT_ARGUMENT and not node.args and not node.keywords:
        yield f"calls {name} without saying when"
    elif isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_METHODS:
        yield f"reads a clock: .{node.func.attr}()"


def _impure_module(name: str) -> bool:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return top not in PURE_STDLIB and name not in PURE_MODULES
    return any(name == library or name.startswith(library + ".") for library in IMPURE_LIBRARIES)


def _declarations(tree: ast.AST) -> set[ast.AST]:
    """The methods of protocols: a docstring and `...`, nothing that runs."""
    return {
        method
        for kind in ast.walk(tree)
        if isinstance(kind, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in kind.bases)
        for method in kind.body
        if isinstance(method, ast.AsyncFunctionDef) and all(_runs_nothing(statement) for statement in method.body)
    }


def _runs_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _memories(tree: ast.Module, names: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Names of the module that are bound to something empty and mutable: it is there to be filled."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_empty(node.value, names):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            yield node.lineno, ast.unparse(target)


def _is_empty(value: ast.expr | None, names: dict[str, str]) -> bool:
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call():
            return dotted(value.func, names) in _EMPTY_CALLS and not any(_holds(argument) for argument in value.args)
    return False


def _holds(argument: ast.expr) -> bool:
    """Whether an argument fills the container, so that it is a table and not a memory."""
    return not isinstance(argument, ast.Name)
