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


def test_every_language_has_every_word() -> None:
    words = SOURCE.partition("const WORDS = {")[2].partition("\n  };")[0]
    languages = {
        language: dict(re.findall(r'(\w+): "((?:[^"\\]|\\.)*)"', body))
        for language, body in re.findall(r"\n    (\w\w): \{(.*?)\n    \}", words, re.DOTALL)
    }
    assert languages.keys() >= {"en", "de", "fr", "es"}
    english = languages["en"]
    for language, own in languages.items():
        assert own.keys() == english.keys(), language
        for key, text in own.items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), (language, key)
