"""Text whose lines were broken for the way only (RFC 3676, `format=flowed`): put together again."""

import re

_QUOTES = re.compile(r">+")


def unflowed(text: str, *, delete_space: bool) -> str:
    """`text`, whose lines end in line feeds, as paragraphs in one line each; quotes stay behind their marks.

    `delete_space` is the parameter `DelSp`: the space at a soft line end is no part of the text.
    """
    lines: list[str] = []
    pieces: list[str] = []
    depth = -1
    for line in text.split("\n"):
        marks = _QUOTES.match(line)
        quotes = marks.end() if marks else 0
        said = line[quotes:].removesuffix("\r")
        said = said.removeprefix(" ")
        if pieces and (quotes != depth or said in ("-- ", "--")):
            lines.append(_line(depth, pieces))
            pieces = []
        depth = quotes
        soft = said.endswith(" ") and said != "-- "
        pieces.append(said[:-1] if soft and delete_space else said)
        if not soft:
            lines.append(_line(depth, pieces))
            pieces = []
    if pieces:
        lines.append(_line(depth, pieces))
    return "\n".join(lines)


def _line(depth: int, pieces: list[str]) -> str:
    said = "".join(pieces)
    if not depth:
        return said
    return f"{'>' * depth} {said}" if said else ">" * depth
