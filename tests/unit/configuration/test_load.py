from datetime import timedelta
from pathlib import Path

import pytest

from frontline.configuration.load import load, load_texts
from frontline.configuration.model import Configuration
from frontline.contract.error import SettingsError

HEAD = 'version = 1\n[[policy]]\nid = "standard"\nfirst_response = "PT4H"\n'
DESK = '[[desk]]\nid = "support"\n'
AGENT = '[[desk.agent]]\nid = "ada"\nname = "A"\n'
INBOX = '[[desk.inbox]]\nchannel = "email"\nid = "support"\naddress = "support@desk.example"\n'


def read(*texts: str) -> Configuration:
    return load_texts((f"{chr(ord('a') + index)}.toml", text.encode()) for index, text in enumerate(texts))


def mistakes(*texts: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(*texts)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_right_file_becomes_a_configuration() -> None:
    found = read(HEAD + DESK + AGENT + INBOX)
    (desk,) = found.desks
    assert (desk.id, desk.agents[0].capacity, desk.agents[0].available) == ("support", 100, False)
    assert (desk.inboxes[0].address, desk.inboxes[0].policy, desk.inboxes[0].lane) == (
        "support@desk.example",
        "standard",
        "normal",
    )
    assert found.policies[0].first_response == timedelta(hours=4)
    assert found.policies[0].calendar == "always"
    assert found.channels == ("email",)


@pytest.mark.parametrize(
    "channel, address, units", [("phone", "+12025550123", 100), ("chat", "x", 30), ("pigeon", "x", 10)]
)
def test_an_inbox_costs_what_its_channel_costs_unless_it_says_otherwise(channel: str, address: str, units: int) -> None:
    inbox = f'[[desk.inbox]]\nchannel = "{channel}"\nid = "i"\naddress = "{address}"\n'
    assert read(HEAD + DESK + inbox).desks[0].inboxes[0].units == units
    assert read(HEAD + DESK + inbox + "cost = 7\n").desks[0].inboxes[0].units == 7


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    text = HEAD + DESK + 'colour = "red"\n' + AGENT + 'capacity = "much"\n' + INBOX + 'policy = "gold"\ncost = -1\n'
    assert mistakes(text) == [
        (
            "a.toml:7: unknown key 'colour'; known here are id, name, agent, inbox, shift, ring, rule, check_in, strategy, "
            "age_after, alarm_after, offline_grace, reopen_for, transfer_within, notices"
        ),
        "a.toml:11: capacity must be a whole number, not text in quotes",
        "a.toml:16: there is no [[policy]] with the id 'gold'",
        "a.toml:17: cost must be 1 or more, not -1",
    ]


def test_a_table_with_one_mistake_is_still_searched_for_others() -> None:
    text = HEAD + DESK + AGENT + '[[desk.agent]]\nid = "ada"\ncapactiy = 3\npicture = "me.png"\n'
    assert mistakes(text) == [
        "a.toml:10: the key 'name' is missing here",
        "a.toml:11: agent 'ada' is there twice; first at a.toml:8",
        "a.toml:12: unknown key 'capactiy'; did you mean 'capacity'?",
        "a.toml:13: picture must be a URL or a path that begins with a slash",
    ]


def test_a_policy_with_a_mistake_is_not_also_said_to_be_missing() -> None:
    assert mistakes('[[policy]]\nid = "standard"\nfirst_response = 4\n' + DESK + INBOX) == [
        'a.toml:3: first_response must be a duration such as "PT4H", not a whole number'
    ]


@pytest.mark.parametrize(
    "text, told",
    [
        ("x = = 1\n", "a.toml:1: not valid TOML: invalid value"),
        ('x = 1\ny = "open\n', "a.toml:2: not valid TOML: illegal character"),
        ("x = [1,\n", "a.toml:1: not valid TOML"),
        ("x = 1\nx = 2\n", "a.toml:2: not valid TOML: cannot overwrite a value"),
    ],
)
def test_wrong_syntax_is_told_with_its_line(text: str, told: str) -> None:
    (mistake,) = mistakes(text)
    assert mistake.startswith(told)


def test_a_file_that_is_not_utf_8_is_told_with_its_line() -> None:
    with pytest.raises(SettingsError, match=r"^a\.toml:2: this is not UTF-8$"):
        load_texts([("a.toml", b'version = 1\nname = "\xff"\n')])


@pytest.mark.parametrize(
    "rest, told",
    [
        (AGENT.replace("ada", "Ada Q"), "a.toml:8: id 'Ada Q' must be of lower-case letters"),
        (INBOX.replace('id = "support"', 'id = "sup.port"'), "a.toml:9: id 'sup.port' must be of lower-case letters"),
        (INBOX.replace('"email"', '"E mail"'), "a.toml:8: channel 'E mail' must be of lower-case"),
        (INBOX.replace("@", " at "), "a.toml:10: address must be an e-mail address"),
        (INBOX.replace("email", "phone"), "a.toml:10: address must be a number in E.164"),
        (INBOX + 'lane = "urgent"\n', "a.toml:11: lane must be one of security, improvement, vip, normal, low"),
        (INBOX + 'skills = ["a", 1]\n', "a.toml:11: skills must be text in quotes, not a whole number"),
        (INBOX + 'skills = "a"\n', "a.toml:11: skills must be a list, not text in quotes"),
        (INBOX + 'skills = ["a", "a"]\n', "a.toml:11: skills holds 'a' twice"),
        (INBOX + 'languages = ["en", "german!"]\n', "a.toml:11: 'german!' is not a language tag"),
        (INBOX + 'sender = "{agnet} at us"\n', "a.toml:11: sender may have {agent} and {inbox} in it, not {agnet}"),
        (INBOX + "cost = true\n", "a.toml:11: cost must be a whole number, not true or false"),
        (AGENT + INBOX + "cost = 101\n", "a.toml:14: costs 101 units, but nobody at this desk has more than 100"),
        (AGENT + "capacity = 0\n", "a.toml:10: capacity must be 1 or more, not 0"),
        (AGENT + "token_version = 0\n", "a.toml:10: token_version must be 1 or more, not 0"),
        (AGENT + "capacity = 100000000000000000000\n", "a.toml:10: capacity must be 9007199254740992 at most"),
        ('[[policy]]\nid = "p"\nversion = 100000000000000000000\n', "a.toml:9: version must be 1 or more, and"),
        (INBOX + 'offer_for = "P9999999D"\n', "a.toml:11: offer_for must not be more than a century"),
        (INBOX + 'wrap_up = "P9999999D"\n', "a.toml:11: wrap_up must not be more than a century"),
        (INBOX + 'sticky_for = "P9999999D"\n', "a.toml:11: sticky_for must not be more than a century"),
        (INBOX + 'handling = "PT0S"\n', "a.toml:11: handling must be longer than nothing"),
        ('age_after = "P9999999D"\n', "a.toml:7: age_after must not be more than a century"),
        ('alarm_after = "P9999999D"\n', "a.toml:7: alarm_after must not be more than a century"),
        ('offline_grace = "P9999999D"\n', "a.toml:7: offline_grace must not be more than a century"),
        ('reopen_for = "P9999999D"\n', "a.toml:7: reopen_for must not be more than a century"),
        ('transfer_within = "P9999999D"\n', "a.toml:7: transfer_within must not be more than a century"),
        ('[[desk.ring]]\n[[desk.ring]]\nafter = "P9999999D"\n', "a.toml:9: after must not be more than a century"),
        (AGENT.replace('"A"', '" "'), "a.toml:9: name must not be empty"),
        ("[desk.inbox]\n", "a.toml:7: write [[desk.inbox]] with two brackets"),
        ('[[policy]]\nid = "p"\nresolution = "-PT1H"\n', "a.toml:9: resolution must be longer than nothing"),
        ('[[policy]]\nid = "p"\nresolution = "PT0.0001S"\n', "a.toml:9: resolution must be longer than nothing"),
        ('[[policy]]\nid = "p"\nresolution = "P1M"\n', "a.toml:9: resolution must be a duration in days, hours"),
        ('[[policy]]\nid = "p"\nwarn_at = [0.5, 1.5]\n', "a.toml:9: warn_at must lie between 0 and 1, not be 1.5"),
        ('[[policy]]\nid = "p"\nwarn_at = [0.8, 0.5]\n', "a.toml:9: warn_at must rise"),
        ('[[policy]]\nid = "p"\ncalendar = "office"\n', "a.toml:9: there is no [[calendar]] with the id 'office'"),
        ('[[policy]]\nid = "p"\nversion = 0\n', "a.toml:9: version must be 1 or more"),
        ('[[policy]]\nid = "standard"\n', "a.toml:8: policy 'standard' is there twice; first at a.toml:3"),
        ('[[calendar]]\nid = "c"\nzone = "Mars/Base"\n', "a.toml:9: 'Mars/Base' is not a time zone"),
        ('[[calendar]]\nid = "always"\n', "a.toml:8: 'always' is there already"),
        ('[[desk]]\nid = "support"\n', "a.toml:8: desk 'support' is there twice; first at a.toml:6"),
        (
            AGENT + '[[desk]]\nid = "b"\n' + AGENT,
            "a.toml:13: agent 'ada' is there twice, on two desks; first at a.toml:8",
        ),
        (
            INBOX + '[[desk]]\nid = "b"\n' + INBOX.replace("@", "2@"),
            "a.toml:15: email inbox 'support' is there twice, on two desks; first at a.toml:9",
        ),
        (
            INBOX + INBOX.replace('"support"', '"other"').replace("support@", "SUPPORT@"),
            "a.toml:14: address 'SUPPORT@desk.example' is used twice on email; first at a.toml:10",
        ),
    ],
)
def test_a_mistake_is_told_with_file_and_line(rest: str, told: str) -> None:
    (mistake,) = mistakes(HEAD + DESK + rest)
    assert mistake.startswith(told)


def test_the_same_inbox_id_may_be_on_two_channels() -> None:
    chat = INBOX.replace("email", "chat")
    assert read(HEAD + DESK + INBOX + chat).channels == ("chat", "email")


def test_a_calendar_with_a_zone_may_be_named_by_a_policy() -> None:
    calendar = '[[calendar]]\nid = "office"\nzone = "Europe/Berlin"\n'
    found = read(HEAD.replace("[[calendar]]", "") + 'calendar = "office"\n' + calendar + DESK)
    assert (found.policies[0].calendar, found.calendars[0].zone) == ("office", "Europe/Berlin")


def test_a_configuration_without_a_desk_is_a_mistake() -> None:
    assert mistakes(HEAD) == ["a.toml: there is no desk: add a [[desk]]"]


def test_the_files_of_a_folder_are_one_configuration(tmp_path: Path) -> None:
    (tmp_path / "policies.toml").write_text(HEAD)
    (tmp_path / "desk.toml").write_text(DESK + AGENT + INBOX)
    (tmp_path / "notes.txt").write_text("not read")
    assert load(tmp_path).desks[0].inboxes[0].policy == "standard"


def test_mistakes_between_two_files_name_both() -> None:
    assert mistakes(HEAD + DESK + AGENT, 'version = 2\n[[desk]]\nid = "b"\n' + AGENT) == [
        "b.toml:1: version 2 disagrees with version 1 at a.toml:1",
        "b.toml:5: agent 'ada' is there twice, on two desks; first at a.toml:8",
    ]


def test_a_file_that_cannot_be_parsed_hides_no_mistake_of_the_others_and_makes_none() -> None:
    told = mistakes("[[policy]\n", DESK + INBOX + "cost = 0\n")
    assert [mistake.split(": ")[0] for mistake in told] == ["a.toml:1", "b.toml:7"]


@pytest.mark.parametrize(
    "name, told", [("missing.toml", "can't be read"), ("empty", "no file whose name ends in .toml")]
)
def test_a_path_with_nothing_to_read_is_a_mistake(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match=told):
        load(tmp_path / name)
