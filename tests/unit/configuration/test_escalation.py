"""What a policy escalates: read right, or refused with file and line."""

import pytest

from frontline.configuration.load import load_texts
from frontline.contract.error import SettingsError
from router.core.desk_settings import DeskSettings, EscalationSettings
from router.core.settings import faults
from router.desk.settings import desk_settings

DESK = """\
[[desk]]
id = "support"
[[desk.ring]]
[[desk.ring]]
after = "PT5M"
[[desk.agent]]
id = "ada"
name = "A"
[[desk.agent]]
id = "lea"
name = "L"
lead = true
[[desk.inbox]]
channel = "email"
id = "support"
address = "support@desk.example"
[[policy]]
id = "standard"
first_response = "PT4H"
[[policy.escalate]]
"""
TWICE = """\
at = 1
target = "first_response"
notify = ["desk"]
[[policy.escalate]]
target = "first_response"
reoffer = true
at = 1.0"""
OTHER_DESK = """
[[desk]]
id = "other"
[[desk.agent]]
id = "otto"
name = "O"
[[desk.inbox]]
channel = "email"
id = "other"
address = "other@desk.example"
"""


def settings(text: str) -> DeskSettings:
    read = load_texts([("a.toml", (DESK + text).encode())])
    made = desk_settings(read, read.desks[0])
    assert not faults(made)
    return made


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_texts([("a.toml", (DESK + text).encode())])
    return [f"{mistake.where}: {mistake.what}" for mistake in raised.value.mistakes]


def test_rule_1_9_what_a_policy_escalates_is_what_the_desk_goes_by() -> None:
    said = 'target = "first_response"\nat = 0.8\nwiden = "all"\nreoffer = true\nnotify = ["holder", "leads"]\nagents = ["ada"]\n'
    more = '[[policy.escalate]]\ntarget = "follow_up"\nat = 1\nnotify = ["desk"]\n'
    made = settings(said + more)
    assert {target.target: target.escalations for target in made.policies[0].targets} == {
        "first_response": (
            EscalationSettings(
                fraction=0.8, widen="all", reoffer=True, holder=True, leads=True, agents=(made.agents[0].id,)
            ),
        ),
        "follow_up": (EscalationSettings(fraction=1.0, everybody=True),),
    }
    assert [agent.lead for agent in made.agents] == [False, True]


@pytest.mark.parametrize(
    "text,line,told",
    [
        ('target = "first_response"\nat = 1\nagents = ["eve"]', 3, "'eve' is no [[desk.agent]]"),
        ('target = "first_response"\nat = 0.7\nnotify = ["holder"]', 2, "at must be one of warn_at, or 1"),
        ('at = 1\nnotify = ["leads"]\ntarget = "next_response"', 3, "policy 'standard' promises no next_response"),
        ('target = "first_response"\nat = 1\nnotify = ["boss"]', 3, "notify must be one of holder, leads, desk"),
        ('at = 1\ntarget = "first_response"', 2, "this does nothing"),
        ('target = "first_response"\nat = 1\nnotify = ["desk", "leads"]', 3, "desk is everybody"),
        ('target = "first_response"\nat = 1\nnotify = ["leads", "leads"]', 3, "notify holds 'leads' twice"),
        ('at = 1\ntarget = "first_response"\nwiden = "some"', 3, "widen must be one of no, next, all"),
        ('at = 1\nreoffer = true\ntarget = "resolution"', 3, "policy 'standard' promises no resolution"),
        ('target = "first_response"\nnotify = ["desk"]', 0, "the key 'at' is missing here"),
        (
            TWICE,
            7,
            "first_response at 1 is there twice",
        ),
    ],
)
def test_rule_1_9_rules_are_data_and_checked_on_load_with_file_and_line(text: str, line: int, told: str) -> None:
    found = mistakes(text + "\n")
    where = f"a.toml:{DESK.count(chr(10)) + line}: "
    assert any(mistake.startswith(where) and told in mistake for mistake in found), found


def test_rule_1_9_a_resolution_says_nothing_of_answers_so_it_offers_nothing_again() -> None:
    read = DESK.replace('first_response = "PT4H"', 'resolution = "PT4H"')
    with pytest.raises(SettingsError, match="reoffer is for what nobody has answered"):
        load_texts([("a.toml", (read + 'target = "resolution"\nat = 1\nreoffer = true\n').encode())])


def test_rule_1_9_whom_a_policy_names_must_be_at_every_desk_that_uses_it() -> None:
    (mistake,) = mistakes('target = "first_response"\nat = 1\nagents = ["ada"]\n' + OTHER_DESK)
    assert mistake.endswith("'ada' is not of desk 'other', which uses this policy")
    (mistake,) = mistakes('target = "first_response"\nat = 1\nnotify = ["leads"]\n' + OTHER_DESK)
    assert mistake.endswith("desk 'other', which uses this policy, has no agent with lead = true")
    assert settings('target = "first_response"\nat = 1\nnotify = ["desk"]\nwiden = "all"\n' + OTHER_DESK).policies


def test_rule_1_9_a_ring_that_there_is_not_can_t_be_widened_to() -> None:
    one = DESK.replace('[[desk.ring]]\nafter = "PT5M"\n', "")
    with pytest.raises(SettingsError, match="has a second ring"):
        load_texts([("a.toml", (one + 'target = "first_response"\nat = 1\nwiden = "next"\n').encode())])


def test_a_raise_without_its_fraction_is_told_and_nothing_breaks() -> None:
    text = DESK.replace("[[policy.escalate]]", "[[policy.raise]]") + 'target = "first_response"\nlane = "vip"\n'
    with pytest.raises(SettingsError, match="the key 'at' is missing here"):
        load_texts([("a.toml", text.encode())])
