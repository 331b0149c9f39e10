"""Reading a binary structure from its beginning on, without ever going past its end."""

from typing import Self


class EndOfOctets(ValueError):
    """More was announced than is there."""


class Octets:
    """A place in some bytes; little-endian, as Microsoft's formats are."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def __bool__(self) -> bool:
        return self.at < len(self.data)

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Raises `EndOfOctets`."""
        end = self.at + size
        if end > len(self.data):
            raise EndOfOctets
        found = self.data[self.at : end]
        self.at = end
        return found

    def part(self, size: int) -> Self:
        """The next `size` bytes, to be read by themselves."""
        return type(self)(self.take(size))

    def align(self, size: int) -> None:
        self.at += -self.at % size
