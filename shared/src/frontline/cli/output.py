"""What a command prints: lines on standard output."""

import sys
from collections.abc import Sequence
from contextlib import suppress


def line(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")


def say(text: str) -> None:
    """A line of a process that goes on when nobody reads it any more."""
    with suppress(OSError, ValueError):
        line(text)
        sys.stdout.flush()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be; the last one is left as it is."""
    widths = [max(len(row[index]) for row in (head, *rows)) for index in range(len(head))]
    for row in (head, *rows):
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
