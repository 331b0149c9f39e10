"""Text whose lines were broken for the way only (RFC 3676, `format=flowed`): put together again."""

import re

_LINE = re.compile(r"(>*+) ?([^\n]*+)(\n|\Z)")
_SIGNATURES = ("-- ", "--")


def unflowed(text: str, *, delete_space: bool) -> str:
    """`text`, whose lines end in line feeds, as paragraphs in one line each; quotes stay behind their marks.

    `delete_space` is the parameter `DelSp`: the space at a soft line end is no part of the text.
    """
    whole = bytearray()  # a list of short strings would take ten times as much
    depth, soft = -1, False
    for match in _LINE.finditer(text):
        marks, said, end = match.groups()
        if not (end or said or marks):
            break
        said = said.removesuffix("\r")
        goes_on = soft and len(marks) == depth and said not in _SIGNATURES
        if soft and not goes_on:
            whole.extend(b"\n")
        if not goes_on and marks:
            whole.extend((f"{marks} " if said else marks).encode())
        depth = len(marks)
        soft = said.endswith(" ") and said != "-- " and end != ""
        whole.extend((said[:-1] if soft and delete_space else said).encode())
        if end and not soft:
            whole.extend(b"\n")
    return whole.decode()
