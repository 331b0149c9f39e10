"""What a page of the documentation tells people to type, typed as it stands, and what it says that they see."""

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.e2e.running import Running, until

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of commands. Each line of `seen` is in what it prints; `…` there stands for anything."""

    commands: str
    seen: tuple[str, ...] = ()

    def shown(self, printed: str) -> bool:
        return all(re.search(_pattern(line), printed) for line in self.seen)


def _pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split(_ANYTHING))


def fences(page: Path) -> list[tuple[str, str]]:
    """Language and content of every fenced block."""
    return _FENCE.findall(page.read_text(encoding="utf-8"))


def blocks(page: Path) -> list[Block]:
    """The blocks of commands, in order, each with the block of text that comes next, before any other commands."""
    found: list[Block] = []
    for language, content in fences(page):
        if language == "sh":
            found.append(Block(content))
        elif language == "text":
            assert found, f"{page}: {content!r} is seen before anything is typed"
            found[-1] = Block(found[-1].commands, tuple(content.splitlines()))
    return found


async def type_page(
    page: Path, running: Running, folder: Path, *, elsewhere: frozenset[str] = frozenset()
) -> list[str]:
    """Type every block of the page in `folder`, but those whose commands are run `elsewhere`; gives what each printed.

    `folder` is as a clone is after `make run`. Only the ports are those of the test's own Frontline. A block that
    fails, or does not show yet what it is to show, is typed again: what it looks at may come a moment later.
    """
    for there in (".venv", "deploy"):
        if not (folder / there).exists():
            (folder / there).symlink_to(Path(sys.prefix) if there == ".venv" else ROOT / there)
    printed = []
    for block in blocks(page):
        if block.commands not in elsewhere:
            try:
                printed.append(await until(partial(_typed, block, running, folder), 60))
            except TimeoutError:
                raise AssertionError(f"{page.name}: {block.commands}\n{(folder / 'printed').read_text()}") from None
    return printed


async def _typed(block: Block, running: Running, folder: Path) -> str:
    """What it prints, with what earlier blocks exported; empty if it failed, or showed something else."""
    commands = block.commands
    for address, there in (
        ("127.0.0.1:2525", running.up["smtp"]),
        ("http://127.0.0.1:8080", running.up["router"]),
        ("http://127.0.0.1:8081", running.up["chat"]),
    ):
        commands = commands.replace(address, there)
    script = f"set -euo pipefail\n[ ! -f exported ] || . ./exported\n{commands}\nexport -p > exported\necho done\n"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FRONTLINE_")}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script, cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    (folder / "printed").write_bytes(out)
    said = out.decode()
    return said if process.returncode == 0 and block.shown(said) else ""
