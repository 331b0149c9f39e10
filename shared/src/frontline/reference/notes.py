"""What the code says of a field: the string that stands below it."""

import ast
import inspect
import textwrap

import msgspec


def field_notes(kind: type) -> dict[str, str]:
    """What is written as a string below each field, in the class and those it is made from."""
    notes: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, msgspec.Struct) and each.__module__ != msgspec.Struct.__module__:
            notes.update(_notes_of(each))
    return notes


def _notes_of(kind: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    notes = {}
    for field, note in zip(definition.body, definition.body[1:], strict=False):
        match field, note:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                notes[name] = " ".join(text.split())
    return notes
