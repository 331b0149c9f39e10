"""Plug-ins that are installed for as long as a test lasts: an entry point on the path."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def plugged_in(folder: Path, name: str, target: str) -> Iterator[Path]:
    """`target` (`module:Class`) as the channel `name`; gives the folder that has to be on the path for that."""
    info = folder / f"{name.replace('-', '_')}_plugin-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[frontline.channels]\n{name} = {target}\n")
    sys.path.insert(0, str(folder))
    try:
        yield folder
    finally:
        sys.path.remove(str(folder))
