"""Channels with a planted fault fail the contract kit, by a sentence that names the fault."""

from pathlib import Path

import pytest

from tests.contract.plugins import plugged_in

FAULTS = {
    "incoming:AcksEarly": (
        "test_the_sender_is_told_accepted_only_after_the_message_is_stored",
        "the sender was told accepted (202) before the message was stored, and it never was",
    ),
    "incoming:LosesOnCancel": (
        "test_a_message_in_hand_at_the_stop_is_finished",
        "a message in hand at the stop was lost: its sender was told *",
    ),
    "incoming:NeverEnds": (
        "test_serve_ends_within_its_grace_whatever_is_in_hand",
        "serve did not end within its grace of 0.5 s when it was cancelled",
    ),
    "incoming:BlocksTheLoop": (
        "test_the_event_loop_is_not_held_up",
        "the channel blocks the event loop: * s for one message",
    ),
    "incoming:RaisesStrangeErrors": (
        "test_malformed_input_is_refused_with_a_status_and_the_next_message_still_works",
        "malformed input 0 was answered to try again (500): it has to be refused for good, or it comes for ever",
    ),
    "incoming:TakesAnySize": (
        "test_an_oversized_payload_is_refused_before_it_is_buffered",
        "* bytes were held for an oversized payload before it was refused",
    ),
    "incoming:ChangesIdOnRepeat": (
        "test_the_same_payload_twice_is_one_message_with_one_id",
        "the same payload had another id when it came again",
    ),
    "incoming:NeverSaysListening": (
        "test_it_listens_before_it_says_so",
        "the channel never said that it listens, so it would never be ready *",
    ),
    "incoming:SaysListeningTooEarly": (
        "test_it_listens_before_it_says_so",
        "the channel said that it listens before it did: http at *",
    ),
    "incoming:LogsWordsOfCustomers": (
        "test_no_secret_and_no_word_of_a_customer_is_shown",
        "an address or the words of a customer were logged",
    ),
    "incoming:LiesAboutAbilities": (
        "test_it_declares_what_it_can_do",
        "the channel declares replays=True, and its methods say False",
    ),
    "outgoing:DoublesOnRetry": (
        "test_a_reply_sent_twice_is_one_reply_at_the_far_end",
        "the same reply sent twice is 2 replies at the far end; it is not repeatable",
    ),
    "outgoing:GivesUpTooSoon": (
        "test_a_reply_is_tried_again_while_the_far_end_is_away",
        "deliver gave Rejected while the far end was away: it has to raise Unavailable",
    ),
    "outgoing:RaisesErrorsOfItsOwn": (
        "test_a_reply_that_the_far_end_refuses_has_failed_and_the_next_one_goes_out",
        "deliver gave RuntimeError when the far end refused for good: it has to raise Rejected",
    ),
    "outgoing:LeavesFilesOut": (
        "test_a_reply_goes_out_whole_or_is_rejected",
        "deliver gave no error for a file that it can't carry: the file is lost",
    ),
    "outgoing:LeaksASecret": ("test_no_secret_and_no_word_of_a_customer_is_shown", "a secret was logged"),
    "outgoing:ShowsItsSettings": (
        "test_no_secret_and_no_word_of_a_customer_is_shown",
        "repr(settings) shows a secret",
    ),
    "outgoing:HasABadName": (
        "test_its_name_is_that_of_its_entry_point",
        "the name 'echo.v2' can't stand in a subject: [[]a-z0-9-], 63 at most",
    ),
}
"""Module and class -> the promise that it breaks, and what is said about it."""

AUTHORS_TEST = """
import pytest, pytest_asyncio
from frontline.testing.channel_contract import ChannelContract
from frontline.testing.echo.test_echo_channel import driving
from tests.contract.broken_channels.{module} import {name}

class TestBroken(ChannelContract):
    patience, overtime = {patience}, 1.0

    @pytest.fixture
    def channel(self):
        return {name}

    @pytest_asyncio.fixture
    async def driver(self):
        async with driving() as driver:
            yield driver
"""


def run(pytester: pytest.Pytester, *, fault: str, test: str, more: str = "") -> pytest.RunResult:
    """An author's test run, without the configuration of this workspace."""
    module, _, name = fault.partition(":")
    patience = 1.0 if name == "NeverSaysListening" else 30.0  # only ever spent by the one that has to
    path = pytester.makepyfile(AUTHORS_TEST.format(module=module, name=name, patience=patience) + more)
    with plugged_in(Path(pytester.path) / "plugins", "echo", f"tests.contract.broken_channels.{module}:{name}"):
        options = ("-n0", "-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function")
        return pytester.runpytest_inprocess(f"{path}::TestBroken::{test}", *options)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_channel_fails_by_a_sentence_that_names_the_fault(fault: str, pytester: pytest.Pytester) -> None:
    test, sentence = FAULTS[fault]
    result = run(pytester, fault=fault, test=test)
    outcomes = result.parseoutcomes()
    assert "passed" not in outcomes
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 1
    result.stdout.fnmatch_lines([f"E  *{sentence}"])


def test_a_promise_that_was_taken_out_is_missed(pytester: pytest.Pytester) -> None:
    more = """
    test_the_event_loop_is_not_held_up = None

    async def test_it_declares_what_it_can_do(self) -> None:
        pass
"""
    result = run(
        pytester, fault="incoming:LiesAboutAbilities", test="test_no_promise_was_taken_out_or_changed", more=more
    )
    result.assert_outcomes(failed=1)
    said = "E  *TestBroken has its own idea of: test_it_declares_what_it_can_do, test_the_event_loop_is_not_held_up*"
    result.stdout.fnmatch_lines([said])
