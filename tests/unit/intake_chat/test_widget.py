"""What the widget weighs, and that it keeps its promises to the pages that it is on."""

import gzip
import re
from importlib.resources import files

import pytest

SOURCE = (files("intake_chat") / "widget" / "widget.js").read_text()


def test_it_weighs_less_than_twenty_kilobytes_compressed() -> None:
    assert len(gzip.compress(SOURCE.encode())) < 20_000


@pytest.mark.parametrize(
    "forbidden",
    [r"\beval\(", r"new Function", r"\.innerHTML", r"\.outerHTML\s*=", r"insertAdjacentHTML", r"document\.write"],
)
def test_it_builds_the_page_without_text_that_is_run(forbidden: str) -> None:
    assert not re.search(forbidden, SOURCE)


def test_it_loads_nothing_from_anybody_else() -> None:
    hosts = set(re.findall(r"https?://([a-z0-9.-]+)", SOURCE))
    assert hosts <= {"chat.example", "www.w3.org"}


def test_every_word_stands_in_every_language_once() -> None:
    languages = re.findall(r'"(\w\w)"', SOURCE.partition("const LANGUAGES = [")[2].partition("];")[0])
    table = SOURCE.partition("const WORDS = {")[2].partition("\n  };")[0]
    words = {key: re.findall(r'"((?:[^"\\]|\\.)*)"', row) for key, row in re.findall(r"\n    (\w+): \[(.*)\],", table)}
    assert set(languages) >= {"en", "de", "fr", "es"}
    assert len(words) > 50
    for key, texts in words.items():
        assert len(texts) == len(languages), key
        assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in texts}) == 1, key
    assert set(re.findall(r'this\.w\("(\w+)"', SOURCE)) <= words.keys()
