"""How people are told of what waits for them, as the configuration has it: what makes no sense stops the start."""

from pathlib import Path

import pytest

from frontline.configuration.load import load
from frontline.configuration.notify import Notices, Notify
from frontline.contract.error import SettingsError

DESK = """\
[[desk]]
id = "support"
[desk.notices]
mail = "support"
{notices}
[[desk.agent]]
id = "agent-1"
name = "Demo agent 1"
lead = true
[desk.agent.notify]
{notify}
[[desk.inbox]]
channel = "email"
id = "support"
address = "support@desk.example"
[[policy]]
id = "standard"
"""


def written(tmp_path: Path, notify: str = "", notices: str = "") -> Path:
    file = tmp_path / "desk.toml"
    file.write_text(DESK.format(notify=notify, notices=notices))
    return file


def test_rule_2_11_the_ways_and_quiet_hours_of_an_agent_stand_in_the_configuration(tmp_path: Path) -> None:
    notify = """\
ways = ["push", "mail"]
mail = "one@desk.example"
about = ["offer", "alarm"]
zone = "Europe/Berlin"
quiet = ["mon-fri 20:00-07:00", "sat-sun 00:00-24:00"]
alarm_when_quiet = true
"""
    (desk,) = load(written(tmp_path, notify, 'every = "PT5M"')).desks
    (agent,) = desk.agents
    assert agent.lead
    assert (agent.notify.ways, agent.notify.mail) == (("push", "mail"), "one@desk.example")
    assert agent.notify.quiet == ("mon-fri 20:00-07:00", "sat-sun 00:00-24:00")
    assert (desk.notices.mail, desk.notices.every.total_seconds()) == ("support", 300)


def test_rule_2_11_without_a_word_about_it_only_the_console_tells() -> None:
    assert Notify().ways == ()
    assert not Notices().subjects


@pytest.mark.parametrize(
    "notify,notices,line,what",
    [
        ('ways = ["mail"]', "", 10, "mail is one of the ways: say at which address"),
        ('ways = ["fax"]', "", 11, "ways must be one of push, mail, sms, ring, not 'fax'"),
        ('ways = ["push", "push"]', "", 11, "ways holds 'push' twice"),
        ('about = ["offer", "offer"]', "", 11, "about holds 'offer' twice"),
        ('mail = "one"', "", 11, "mail must be an e-mail address such as me@desk.example, not 'one'"),
        (
            'mail = "SUPPORT@desk.example"',
            "",
            11,
            "'SUPPORT@desk.example' is an inbox: a notice to it would be a contact",
        ),
        ('sms = "0123"', "", 11, "sms must be a number in E.164 such as +12025550123, not '0123'"),
        (
            'ways = ["sms"]\nsms = "+12025550123"',
            "",
            11,
            "this desk tells nobody by sms: say by which inbox, in [desk.notices]",
        ),
        (
            'zone = "Mars/Olympus"',
            "",
            11,
            "'Mars/Olympus' is not a time zone that this machine knows, such as Europe/Berlin",
        ),
        (
            'quiet = ["at night"]',
            "",
            11,
            "'at night' must be days and times such as \"mon-fri 09:00-12:30, 13:30-17:00\"",
        ),
        ("", 'sms = "hotline"', 5, "this desk has no phone inbox with the id 'hotline'"),
        ("", 'every = "P2D"', 5, "every must not be less than nothing, nor more than a day"),
    ],
)
def test_rule_2_11_a_way_that_leads_nowhere_stops_the_start_with_its_line(
    tmp_path: Path, notify: str, notices: str, line: int, what: str
) -> None:
    file = written(tmp_path, notify, notices)
    with pytest.raises(SettingsError) as raised:
        load(file)
    assert [(mistake.where, mistake.what) for mistake in raised.value.mistakes] == [(f"{file}:{line}", what)]


def test_rule_2_11_a_phone_that_rings_has_a_number(tmp_path: Path) -> None:
    phone = '[[desk.inbox]]\nchannel = "phone"\nid = "hotline"\naddress = "+12025550100"\n'
    file = written(tmp_path, 'ways = ["ring"]', 'ring = "hotline"')
    file.write_text(file.read_text() + phone)
    with pytest.raises(SettingsError) as raised:
        load(file)
    assert [mistake.what for mistake in raised.value.mistakes] == [
        "say which phone rings: with phone, or with ring in notify"
    ]
    file.write_text(file.read_text().replace("lead = true", 'phone = "+12025550101"'))
    assert load(file).desks[0].agents[0].notify.ways == ("ring",)
