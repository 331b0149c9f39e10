"""The README's tour, typed as it stands; only the ports are those of the test's own Frontline."""

import asyncio
import os
import re
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.running import Running, frontline, until

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
INSTALL = "apt-get install --yes swaks curl"


def blocks(heading: str) -> list[str]:
    """The shell commands below a heading, one string a block."""
    section = README.split(f"\n{heading}\n", 1)[1]
    section = re.split(r"\n#+ ", section, maxsplit=1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def test_the_two_commands_are_what_the_readme_says() -> None:
    assert blocks("## Run it") == ["make run\n"]
    assert blocks("## Test it") == ["make test\n"]


@pytest.mark.skipif(not (shutil.which("swaks") and shutil.which("curl")), reason=INSTALL)
async def test_the_tour_works_as_it_is_written(tmp_path: Path) -> None:
    tour = blocks("### See a mail come in and an answer go out")
    assert len(tour) == 4
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "frontline").symlink_to(Path(sys.executable).parent / "frontline")
    async with frontline(tmp_path / ".frontline") as running:
        said = [await until(partial(_typed, block, running, tmp_path)) for block in tour]
    assert "assigned" in said[1]
    assert "Please leave the room." in said[3]
    assert "Subject: Re: The printer is on fire" in said[3]


async def _typed(block: str, running: Running, folder: Path) -> str:
    """What the block prints, with what earlier blocks exported; empty if it failed (it is then typed again:
    what it looks at may come a moment later).
    """
    block = block.replace("127.0.0.1:2525", running.up["smtp"]).replace("http://127.0.0.1:8080", running.up["router"])
    script = f"set -euo pipefail\n[ ! -f exported ] || . ./exported\n{block}\nexport -p > exported\necho done\n"
    env = {name: value for name, value in os.environ.items() if not name.startswith("FRONTLINE_")}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script, cwd=folder, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return out.decode() if process.returncode == 0 else ""
