"""The README's tour, the tutorial and the explanation, typed as they stand in front of a running Frontline."""

import re
import shutil
from pathlib import Path

import pytest

from tests.e2e.running import frontline
from tests.e2e.typed import ROOT, Block, blocks, fences, type_page

README = ROOT / "README.md"
TUTORIAL = ROOT / "docs/tutorials/first-contacts.md"
EXPLANATION = ROOT / "docs/explanation/stored-and-decided-once.md"
NEW_CHANNEL = ROOT / "docs/how-to/add-a-channel.md"
CI = (ROOT / ".ci/run").read_text()
NEEDED = pytest.mark.skipif(
    not (shutil.which("swaks") and shutil.which("curl")), reason="apt-get install --yes swaks curl"
)
ELSEWHERE = {
    "make run\n": "what every test here starts, as `frontline up`",
    "make test\n": "a line of .ci/run",
    "make check-deploy\n": "a line of .ci/run",
    "make new-channel NAME=telegram\nmake test ARGS=services/intake-telegram\n": "tests/contract/test_add_a_channel.py",
}
"""Blocks of these pages that are run by something else than the tests below, and by what."""


def test_what_is_run_elsewhere_is_run_there() -> None:
    assert "make test\n" in f"{CI}\n".replace(" </dev/null", "")
    assert re.search(r"make check-deploy$", CI, re.MULTILINE)
    (new_channel,) = [commands for commands in ELSEWHERE if "new-channel" in commands]
    assert new_channel in [block.commands for block in blocks(NEW_CHANNEL)]
    typed = {block.commands for page in (README, TUTORIAL, EXPLANATION) for block in blocks(page)}
    assert ELSEWHERE.keys() <= typed, "an exception that is not needed any more"


@pytest.mark.parametrize("page", [README, *sorted(ROOT.glob("docs/[!ar]*/*.md"))], ids=lambda page: page.stem)
def test_every_block_says_what_it_is(page: Path) -> None:
    """Or commands in it would be run by nobody, and nobody would notice."""
    assert {language for language, _ in fences(page)} <= {"sh", "text", "toml", "html", "js", "python", "mermaid"}
    assert page.read_text().count("\n```") % 2 == 0


def test_every_page_beside_the_how_tos_is_typed_here() -> None:
    pages = {*ROOT.glob("docs/tutorials/*.md"), *ROOT.glob("docs/explanation/*.md")}
    assert pages == {TUTORIAL, EXPLANATION}


@NEEDED
@pytest.mark.parametrize("pages", [(TUTORIAL,), (README, EXPLANATION)], ids=lambda pages: pages[0].stem)
async def test_a_page_works_as_it_is_written(pages: tuple[Path, ...], tmp_path: Path) -> None:
    async with frontline(tmp_path / ".frontline") as running:
        for page in pages:
            printed = await type_page(page, running, tmp_path, elsewhere=frozenset(ELSEWHERE))
            assert len(printed) == len([block for block in blocks(page) if block.commands not in ELSEWHERE]) > 0


def test_a_line_that_is_not_shown_is_noticed() -> None:
    block = Block("", ("… assigned …Z", "done."))
    assert block.shown("c1 assigned 2026-11-22T10:00:00Z\ndone.\n")
    assert not block.shown("c1 waiting 2026-11-22T10:00:00Z\ndone.\n")
    assert not block.shown("c1 assigned 2026-11-22T10:00:00Z\ndone\n")


def test_a_block_of_text_belongs_to_the_commands_before_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\na\n```\nIt says:\n```text\nb\n```\n```sh\nc\n```\n")
    assert blocks(page) == [Block("a\n", ("b",)), Block("c\n")]


def test_the_picture_is_there_and_small() -> None:
    (picture,) = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README.read_text())
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")
    assert (ROOT / picture).stat().st_size < 300_000
