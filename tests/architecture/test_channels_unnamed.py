"""A channel is named in its own package and nowhere else: so a new one needs no line in a file that exists."""

import ast
from collections.abc import Iterable

import pytest

from tests.architecture import sources

NAMES_CHANNELS = {
    "services/intake-phone/src/intake_phone/server.py": "a label of its figures: what a carrier calls is a webhook, too",
    "services/router/src/router/api/objects.py": "originals of mails end in .eml, or no mail program opens them",
    "shared/src/frontline/configuration/model.py": "what a contact costs, and whether it is offered, unless an inbox says",
    "shared/src/frontline/configuration/notify.py": "by which channel a notice to one of us travels",
    "shared/src/frontline/configuration/rules.py": "addresses are checked where their form is known; all others are taken",
    "shared/src/frontline/runtime/telemetry.py": "names of fields that are hidden in logs",
    "shared/src/frontline/supervisor/page.py": "the command that it shows a newcomer sends a mail",
    "shared/src/frontline/supervisor/ports.py": "a taken port is told before the start; all others tell of theirs",
    "shared/src/frontline/supervisor/record.py": "keys of up.json for the channels that the demo has",
    "shared/src/frontline/testing/nats_server.py": "what is provisioned for tests",
}


def channels() -> set[str]:
    """Those that have a package here, and one that has none yet."""
    intakes = {path.name.removeprefix("intake_") for path in sources.packages() if path.name.startswith("intake_")}
    return {name.replace("_", "-") for name in intakes} | {"telegram"}


def named(text: str, names: Iterable[str]) -> list[str]:
    """Where one of `names`, or its process, stands as a text of its own; prose and longer texts are none of it."""
    wanted = {text for name in names for text in (name, f"intake-{name}")}
    return [
        f"{node.lineno}: {node.value}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and node.value in wanted
    ]


def foreign(source: sources.Source) -> list[str]:
    owner = source.module.partition(".")[0].removeprefix("intake_").replace("_", "-")
    return named(source.text, channels() - {owner})


def test_a_channel_is_named_by_nobody_else() -> None:
    found = {source.path: foreign(source) for source in sources.shipped()}
    assert {path: what for path, what in found.items() if what and path not in NAMES_CHANNELS} == {}


@pytest.mark.parametrize("path", NAMES_CHANNELS)
def test_an_exception_is_still_needed(path: str) -> None:
    assert any(foreign(source) for source in sources.shipped() if source.path == path)


def test_an_intake_knows_the_contract_and_nothing_else_of_frontline() -> None:
    """Whoever it is: import-linter is told about those that come with Frontline only."""
    found = {
        source.path: [name for name in sources.imported(source.text) if _beyond_the_contract(name)]
        for source in sources.shipped()
        if source.module.startswith("intake_")
    }
    assert {path: what for path, what in found.items() if what} == {}


def _beyond_the_contract(name: str) -> bool:
    own = name.partition(".")[0]
    return (own == "frontline" and name != "frontline" and not name.startswith("frontline.contract")) or own in {
        "faststream",
        "nats",
        "router",
    }


@pytest.mark.parametrize(
    "planted", ["if channel == 'telegram': pass", "LIVE = {'email', 'chat'}", "f(phone='phone')", "x = 'intake-chat'"]
)
def test_a_planted_name_is_caught(planted: str) -> None:
    assert named(planted, channels())


def test_a_word_in_a_sentence_is_left_alone() -> None:
    assert named('"""Answers by chat."""\nchat = log.info("chat.opened")', channels()) == []


def test_a_planted_import_past_the_contract_is_caught() -> None:
    assert _beyond_the_contract("frontline.runtime.bus")
    assert not _beyond_the_contract("frontline.contract.channel")
