"""Every rule of the rule book about clocks (1), assignment (2) and estimated waits (3) has a test that is
named after it: `test_rule_1_9_...`; of the third, which has no numbers, every sentence.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NAMES = frozenset(
    name for file in TESTS.rglob("test_*.py") for name in re.findall(r"\bdef (test_rule_\w+)", file.read_text())
)
RULES = [f"1_{n}" for n in range(1, 11)] + [f"2_{n}" for n in range(1, 13)]
SENTENCES = {
    "who is there": "who_is_there",
    "if they agreed": "who_did_not_agree",
    "how long it takes, as a range": "is_a_range",
    "before it starts and while it waits": "before_and_while",
    "when we open again": "opens_again",
    "who waits ahead": "who_waits_ahead",
    "measured handling times": "measured_handling_times",
    "free capacity": "free_capacity",
    "not typed in": "not_typed_in",
    "nobody on, at once": "nobody_on_says_so_at_once",
    "mail instead": "nobody_on_offers_mail",
    "a call back instead": "nobody_on_offers_a_call_back",
    "its error is a metric": "published_metric",
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_test_that_is_named_after_it(rule: str) -> None:
    assert any(name.startswith(f"test_rule_{rule}_") for name in NAMES)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_about_estimated_waits_has_its_test(sentence: str) -> None:
    assert any(name.startswith("test_rule_3_") and SENTENCES[sentence] in name for name in NAMES)
