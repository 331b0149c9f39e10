"""Calls: greeting, waiting, voicemail, and how each of them is told to the desk."""

import asyncio
from datetime import timedelta

import pytest

from frontline.contract.deskview import Range, Standing
from frontline.contract.ids import ContactId
from frontline.contract.message import Automation, MessageKind, Presence
from frontline.contract.signal import StopRinging
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_phone.calls import Calls
from intake_phone.simulator.account import new_sid
from tests.integration.intake_phone.stage import OURS, PATIENCE, SUPPORT, THEIRS, answering, until, wait


async def test_a_call_is_stored_at_once_when_the_caller_waits(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        line = stage.call()
        await wait(line.queued)
        (found,) = await stage.stored()
        line.hang_up()
        await wait(line.over)
    assert (found.kind, found.inbox, found.native_id) == (MessageKind.CALL, SUPPORT, line.sid)
    assert found.sender.address == THEIRS
    assert {(key.kind, key.value) for key in found.thread} >= {("call", line.sid)}


async def test_a_caller_hears_who_long_it_takes_and_where_they_stand(nats: EmbeddedServer, phone: Bus) -> None:
    minutes = Range(low=timedelta(minutes=2), high=timedelta(minutes=4))
    async with answering(nats, phone) as stage:
        call = new_sid("CA")
        contact = await stage.place(call)
        standing = Standing(state="waiting", position=3, wait=minutes)
        await stage.show(wait={"phone": minutes}, contacts={contact: standing})
        line = stage.call(call=call)
        await until(lambda: any("number 3 in line" in heard for heard in stage.heard))
        line.hang_up()
        await wait(line.over)
    assert 'caller hears: "Thank you for calling. The wait is 2 to 4 minutes."' in stage.heard
    assert any("number 3 in line. The wait is 2 to 4 minutes." in heard for heard in stage.heard)


async def test_a_call_that_nobody_took_is_a_missed_call(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        line = stage.call()
        await wait(line.queued)
        line.hang_up()
        began, ended = await stage.have(2)
    assert ended.native["outcome"] == "missed"
    assert ended.text.startswith("Missed call")
    assert ended.automation is Automation.AUTO_REPLIED, "the end of a call asks for no answer of its own"
    assert ended.thread == (began.thread[0],), "both are bound by the call"


async def test_rule_3_nobody_on_says_so_at_once_and_takes_a_message(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone, online=False) as stage:
        line = stage.call(words="Please call me back.")
        await wait(line.over)
        found = await stage.have(4)
        assert not line.queued.is_set()
        (voicemail,) = [each for each in found if each.attachments]
        recorded = await stage.octets(voicemail)
    assert recorded in [file.data for file in stage.exchange.files.values()]
    assert voicemail.kind is MessageKind.VOICEMAIL
    assert voicemail.text == "Voicemail, 7 seconds."
    assert {each.native.get("call") for each in found} >= {"began", "ended"}
    assert "Please call me back." in [each.text for each in found], "what a machine understood is kept, too"
    assert any("Nobody is here to take your call" in heard for heard in stage.heard)


async def test_a_waiting_caller_may_leave_a_message_instead(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        line = stage.call(keys=["", "1"], words="I can't wait.")
        await wait(line.over)
        found = await stage.have(4)
    assert line.queued.is_set()
    assert [each.native.get("outcome") for each in found if each.native.get("call") == "ended"] == ["voicemail"]


async def test_a_caller_who_says_nothing_leaves_a_missed_call_only(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone, online=False) as stage:
        line = stage.call(words=None)
        await wait(line.over)
        found = await stage.have(2)
    assert [each.native["call"] for each in found] == ["began", "ended"]
    assert found[1].native["outcome"] == "missed"


async def test_an_answer_that_twilio_did_not_tell_in_time_is_told_before_the_end_and_once(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        about = {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS}
        await stage.hook("voice", about)
        for _ in range(2):
            await stage.hook("voice/menu?inbox=support&after=queue", about | {"QueueResult": "bridged"})
        page = f"voice/agent?offer=o1&contact=c1&inbox=support&agent=agent-1&call={about['CallSid']}&step=answered"
        assert (await stage.hook(page, about))[0] == 200
        found = await stage.stored()
    assert [each.native["call"] for each in found] == ["began", "answered", "ended"]


async def test_a_signed_call_that_is_replayed_is_one_call(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 44."""
    async with answering(nats, phone) as stage:
        form = {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS, "CallStatus": "ringing"}
        answers = [await stage.hook("voice", form) for _ in range(3)]
        assert len(await stage.stored()) == 1
    assert {status for status, _ in answers} == {200}
    assert len({answer for _, answer in answers}) == 1


@pytest.mark.parametrize("status", ["completed", "busy", "canceled", "no-answer", "failed"])
async def test_a_call_that_ended_before_it_waited_is_a_contact_and_missed(
    nats: EmbeddedServer, phone: Bus, status: str
) -> None:
    """Hard case 45: no page was ever asked for, and the end is told twice."""
    async with answering(nats, phone) as stage:
        form = {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS, "CallDuration": "3"}
        for told in (status, status, "ringing", "in-progress"):
            assert (await stage.hook("voice/status", form | {"CallStatus": told}))[0] == 204
        began, ended = await stage.stored()
    assert (began.native["call"], ended.native["call"]) == ("began", "ended")
    assert ended.native["seconds"] == 3


async def test_an_end_that_twilio_never_tells_is_known_from_the_queue(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 45: a missing `completed`."""
    async with answering(nats, phone) as stage:
        about = {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS}
        await stage.hook("voice", about)
        await stage.hook("voice/menu?inbox=support&after=queue", about | {"QueueResult": "hangup", "QueueTime": "12"})
        _, ended = await stage.stored()
    assert ended.text == "Missed call: the caller hung up after 12 seconds."


async def test_the_caller_who_hangs_up_while_the_agent_takes_the_call_is_missed(
    nats: EmbeddedServer, phone: Bus
) -> None:
    """Hard case 46: at the very moment, in either order of what Twilio tells."""
    agent = "voice/agent?offer=o1&contact=c1&inbox=support&agent=agent-1&call="
    async with answering(nats, phone) as stage:
        for order in (("menu", "status"), ("status", "menu")):
            call = new_sid("CA")
            about = {"CallSid": call, "From": THEIRS, "To": OURS}
            await stage.hook("voice", about)
            await stage.signal(StopRinging(contact=ContactId("c1"), offer=f"o-{call}", outcome="accepted"))
            page = agent.replace("o1", f"o-{call}") + call
            _, connected = await stage.hook(page + "&step=accept", {"CallSid": new_sid("CA"), "Digits": "1"})
            assert f">{call}</Queue>" in connected
            left = {
                "menu": ("voice/menu?inbox=support&after=queue", about | {"QueueResult": "hangup", "QueueTime": "9"}),
                "status": ("voice/status", about | {"CallStatus": "completed", "CallDuration": "9"}),
            }
            await asyncio.gather(*(stage.hook(*left[each]) for each in order))
            _, done = await stage.hook(page + "&step=done", {"CallSid": new_sid("CA"), "DialCallStatus": "no-answer"})
            assert "The caller has hung up." in done
            _, late = await stage.hook(page, {"CallSid": new_sid("CA")})
            assert "The caller has hung up." in late
        ends = [each for each in await stage.stored() if each.native.get("call") == "ended"]
        assert Presence.ANSWERED not in {each.presence for each in await stage.stored()}, "nobody spoke with them"
    assert [each.native["outcome"] for each in ends] == ["missed", "missed"]
    assert {each.presence for each in ends} == {Presence.LEFT}


@pytest.mark.parametrize("result", ["queue-full", "error", "system-error"])
async def test_a_caller_whom_no_queue_takes_may_leave_a_message(nats: EmbeddedServer, phone: Bus, result: str) -> None:
    """Hard case 47."""
    async with answering(nats, phone) as stage:
        about = {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS}
        status, said = await stage.hook("voice/menu?inbox=support&after=queue", about | {"QueueResult": result})
    assert status == 200
    assert "<Record" in said
    assert "Hangup" in said.partition("<Record")[2]


async def test_the_hundred_and_first_caller_waits_like_all_others(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 47: Twilio's queues hold a hundred; everybody has a queue of their own."""
    async with answering(nats, phone, phone_wait_seconds=3000) as stage:
        lines = [stage.call(sender=f"+1202555{number:04}") for number in range(101)]
        for line in lines:
            await wait(line.queued)
        for line in lines:
            line.hang_up()
        for line in lines:
            await wait(line.over)
    assert not any("queue-full" in heard for heard in stage.heard)


async def test_a_waiting_caller_is_kept_while_nats_is_away(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 48: the wait page answers soon, whatever it can't find out."""
    async with answering(nats, phone, ack_deadline=0.5) as stage:
        about = {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS}
        nats.pause()
        status, said = await stage.hook("voice/wait?inbox=support", about)
        nats.resume()
    assert status == 200
    assert "Please hold" in said
    assert "<Redirect>" in said


async def test_a_wait_page_that_fails_keeps_the_caller(
    nats: EmbeddedServer, phone: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hard case 48: a bug of ours is heard as waiting on."""

    async def broken(*_: object) -> None:
        raise LookupError("planted")

    monkeypatch.setattr(Calls, "standing", broken)
    async with answering(nats, phone) as stage:
        about = {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS}
        status, said = await stage.hook("voice/wait?inbox=support", about)
    assert status == 200
    assert "<Redirect>" in said


async def test_a_caller_whom_the_desk_can_not_be_told_of_holds_the_line(nats: EmbeddedServer, phone: Bus) -> None:
    """Accepted means stored: nobody waits in a queue that the desk doesn't know; the call is taken when it can be."""
    async with answering(nats, phone, ack_deadline=0.3, phone_answer_seconds=0.2) as stage:
        about = {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS}
        nats.pause()
        _, said = await stage.hook("voice", about)
        _, last = await stage.hook("voice?asked=6", about)
        nats.resume()
        await stage.have(1)
        async with asyncio.timeout(PATIENCE):
            while "<Enqueue" not in (await stage.hook("voice?asked=1", about))[1]:
                await asyncio.sleep(0.01)
        assert len(await stage.stored()) == 1
    assert "<Pause" in said
    assert "asked=1</Redirect>" in said
    assert "<Record" in last


async def test_a_recording_that_comes_before_the_call_ended_and_is_late_is_kept(
    nats: EmbeddedServer, phone: Bus
) -> None:
    """Hard case 50: out of order, not there at first, told twice, and never written down."""
    async with answering(nats, phone) as stage:
        call = new_sid("CA")
        stage.exchange.calls[call] = {"CallSid": call, "From": THEIRS, "To": OURS}
        recording, url = stage.exchange.record(3)
        file = stage.exchange.files[f"Recordings/{recording}"]
        file.missing = 2
        form = {"CallSid": call, "RecordingSid": recording, "RecordingUrl": url, "RecordingDuration": "3"}
        for _ in range(2):
            assert (await stage.hook("voice/recording?inbox=support", form))[0] == 204
        ended = {"CallSid": call, "From": THEIRS, "To": OURS, "CallStatus": "completed"}
        await stage.hook("voice/status", ended)
        began, voicemail, end = await stage.stored()
        assert await stage.octets(voicemail) == file.data
    assert (began.sender.address, voicemail.sender.address) == (THEIRS, THEIRS)
    assert voicemail.thread == (began.thread[0],)
    assert end.native["outcome"] == "voicemail"


async def test_a_recording_that_can_not_be_had_is_a_voicemail_that_somebody_looks_at(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        call = new_sid("CA")
        form = {"CallSid": call, "RecordingSid": new_sid("RE"), "RecordingUrl": stage.exchange.resource("Recordings/x")}
        assert (await stage.hook("voice/recording?inbox=support", form))[0] == 204
        _, voicemail = await stage.stored()
    assert voicemail.flaw == "the recording could not be fetched"
    assert voicemail.attachments == ()


@pytest.mark.parametrize("sender", ["anonymous", "+266696687", "", "sip:anonymous@anonymous.invalid"])
async def test_two_callers_who_withhold_their_number_are_two_customers(
    nats: EmbeddedServer, phone: Bus, sender: str
) -> None:
    """Hard case 51."""
    async with answering(nats, phone) as stage:
        for _ in range(2):
            await stage.hook("voice", {"CallSid": new_sid("CA"), "From": sender, "To": OURS})
        first, second = await stage.stored()
    assert first.sender.address != second.sender.address
    assert first.sender.name == ""
    assert [key.kind for key in first.thread] == ["call"], "no text can follow to a number that nobody knows"


async def test_a_call_to_an_unknown_number_is_told_so(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        line = stage.call(to="+12025550998")
        await wait(line.over)
        assert await stage.stored() == []
    assert 'caller hears: "This number is not in use."' in stage.heard
