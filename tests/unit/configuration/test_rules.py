"""Rules and rings that make no sense stop the start, each with its line."""

from pathlib import Path

import pytest

from frontline.configuration.load import load
from frontline.contract.error import SettingsError

DESK = """\
[[desk]]
id = "support"
[[desk.agent]]
id = "agent-1"
name = "Demo agent 1"
skills = ["billing"]
[[desk.inbox]]
channel = "email"
id = "support"
address = "support@desk.example"
[[policy]]
id = "standard"
"""


def mistakes(tmp_path: Path, more: str) -> list[str]:
    file = tmp_path / "desk.toml"
    file.write_text(DESK + more)
    with pytest.raises(SettingsError) as raised:
        load(file)
    return [str(mistake.what) for mistake in raised.value.mistakes]


@pytest.mark.parametrize(
    "more,what",
    [
        ('[[desk.rule]]\nid = "r"\nlane = "vip"\n', "rule 'r' asks nothing: it would hold for every message"),
        ('[[desk.rule]]\nid = "r"\nwords = ["x"]\n', "rule 'r' says nothing: name a lane, skills or a policy"),
        ('[[desk.rule]]\nid = "r"\nwords = ["x"]\nskills = ["welsh"]\n', "nobody at this desk has the skill 'welsh'"),
        ('[[desk.rule]]\nid = "r"\nwords = ["x"]\npolicy = "gold"\n', "there is no [[policy]] with the id 'gold'"),
        ('[[desk.rule]]\nid = "r"\ncalendar = "o"\nlane = "low"\n', "there is no [[calendar]] with the id 'o'"),
        ('[[desk.rule]]\nid = "r"\ncustomers = ["@big"]\nlane = "vip"\n', "'@big' is no domain"),
        ('[[desk.ring]]\nafter = "PT1M"\n', "the first ring is open at once: leave its after away"),
        ("[[desk.ring]]\n[[desk.ring]]\n", "each ring must open later than the one before it"),
        (
            '[[desk.ring]]\nskills = false\n[[desk.ring]]\nafter = "PT1M"\n',
            "a ring holds those before it: skills has to stay false",
        ),
    ],
)
def test_a_rule_or_ring_that_makes_no_sense_is_told(tmp_path: Path, more: str, what: str) -> None:
    assert mistakes(tmp_path, more) == [what]


def test_a_rule_is_there_once_at_a_desk(tmp_path: Path) -> None:
    rule = '[[desk.rule]]\nid = "r"\nwords = ["x"]\nlane = "vip"\n'
    (twice,) = mistakes(tmp_path, rule + rule)
    assert twice.startswith("rule 'r' is there twice; first at ")
