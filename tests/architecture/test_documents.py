"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

from tests.architecture import sources

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_PATH = re.compile(r"`((?:[\w-]+/)+[\w-]*\.?\w*|[\w-]+/)`")
_TARGET = re.compile(r"`make ([a-z-]+)`")


def documents() -> list[Path]:
    return sorted([*sources.ROOT.glob("*.md"), *sources.ROOT.glob("docs/**/*.md")])


def broken_links(document: Path) -> list[str]:
    links = _LINK.findall(_CODE.sub("", document.read_text()))
    return [link for link in links if "://" not in link and not (document.parent / link).exists()]


def unknown_paths(text: str) -> list[str]:
    """Paths in code marks that are neither in the workspace nor in one of its packages."""
    places = [sources.ROOT, *sources.packages(), *(package.parent for package in sources.packages())]
    return [path for path in _PATH.findall(text) if not any((place / path).exists() for place in places)]


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_a_link_leads_somewhere(document: Path) -> None:
    assert broken_links(document) == []


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_a_path_that_is_named_is_there(name: str) -> None:
    assert unknown_paths((sources.ROOT / name).read_text()) == []


def test_every_package_and_room_is_on_the_map() -> None:
    house = (sources.ROOT / "ARCHITECTURE.md").read_text().partition("```")[2].partition("```")[0]
    shared = sources.ROOT / "shared/src/frontline"
    rooms = {path.parent.name for path in shared.glob("*/__init__.py")}
    # A channel that was added explains itself: it is built like those on the map.
    rooms |= {path.name for path in sources.packages() if path.name == "router"}
    assert {room for room in rooms if f"{room}/" not in house} == set()


def test_a_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (sources.ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for document in documents() for target in _TARGET.findall(document.read_text())}
    assert named <= targets


def test_a_planted_link_and_path_are_caught(tmp_path: Path) -> None:
    planted = tmp_path / "planted.md"
    planted.write_text("[here](planted.md), [there](nowhere.md), [web](https://frontline.example), `[code](no.md)`")
    assert broken_links(planted) == ["nowhere.md"]
    assert unknown_paths("`desk/log.py`, `runtime/`, `desk/pigeon.py`, `make check`") == ["desk/pigeon.py"]


def marked(text: str) -> bool:
    """Whether two edits were put together and nobody looked."""
    return re.search(r"^(?:<{7} |>{7} )", text, re.MULTILINE) is not None


def test_no_file_carries_the_marks_of_two_edits() -> None:
    kinds = ("*.py", "*.md", "*.toml", "*.yaml", "*.js", "*.html", "*.css")
    folders = ("services", "shared", "tests", "docs", "deploy")
    files = [path for folder in folders for kind in kinds for path in (sources.ROOT / folder).rglob(kind)]
    assert [str(path) for path in files if marked(path.read_text(encoding="utf-8"))] == []
    assert marked("a\n<<<<<<< ours\nb\n")
