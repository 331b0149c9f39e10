"""Where a service's log lines go: a file of its own. A pipe to us would break with us, and a
service that ends in order after that would break at its last words.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from frontline.contract.error import Mistake

_ROTATE_BYTES = 16 * 1024 * 1024
_TAIL_BYTES = 64 * 1024


class _Line(msgspec.Struct):
    event: str = ""
    where: str = ""
    what: str = ""


@dataclass(slots=True)
class ServiceLog:
    """One file; the former one is kept as `<name>.1` when it has grown large at a start."""

    path: Path
    _began: int = 0

    def open(self) -> BinaryIO:
        """To append to, for a new start of the service."""
        if self.path.exists() and self.path.stat().st_size > _ROTATE_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        file = self.path.open("ab")
        self._began = file.tell()
        return file

    def hint(self) -> str:
        """Where to read on."""
        return f"See {self.path}"

    def mistakes(self, name: str) -> list[Mistake]:
        """What the service said an operator has to mend, since it was last started."""
        told = []
        for line in self._lines():
            try:
                said = msgspec.json.decode(line, type=_Line)
            except msgspec.DecodeError:
                continue
            if said.event == "settings.mistake":
                told.append(Mistake(said.where, said.what))
        return told or [Mistake(name, f"does not start with these settings. {self.hint()}")]

    def _lines(self) -> list[bytes]:
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._began, size - _TAIL_BYTES))
            return file.read().splitlines()
