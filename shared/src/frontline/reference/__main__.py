"""`python -m frontline.reference [--check] FOLDER`: write the reference, or say what is out of date."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from frontline.reference.pages import out_of_date, pages, write


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m frontline.reference", description="Write the generated reference.")
    parser.add_argument("--check", action="store_true", help="change nothing; say what is out of date")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(arguments)
    stale = out_of_date(given.folder, pages())
    if not given.check:
        write(given.folder, pages())
    for path in stale:
        sys.stdout.write(f"{'out of date' if given.check else 'written'}: {path}\n")
    if stale and given.check:
        sys.stdout.write("`make docs` writes them again.\n")
    return int(bool(stale and given.check))


if __name__ == "__main__":
    sys.exit(main())
