"""Somebody at a telephone: what they do when they are asked something."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Person:
    """`keys` are pressed one each time that keys are asked for; "" lets the time pass. `words` are spoken
    after the tone, `None` is silence. Who talks to an agent goes on until `enough`, or until the agent
    hangs up. Their line is `engaged` for so many calls before they can be reached; they are `talking` once
    they were.
    """

    keys: list[str] = field(default_factory=list)
    words: str | None = None
    seconds: int = 7
    engaged: int = 0
    talking: asyncio.Event = field(default_factory=asyncio.Event)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def press(self) -> str:
        return self.keys.pop(0) if self.keys else ""
