"""Rule 1.10 in the chat: what is erased is shown to nobody any more, and its token is worth nothing."""

from frontline.contract.erasure import ERASED
from frontline.contract.ids import ContactId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_chat.stage import SECRETS, Stage, chatting, identity


async def erase(stage: Stage, contact: ContactId) -> None:
    """What the router does to the key that leads there."""
    [visitor] = [visitor for visitor, carried in stage.desk.contacts.items() if carried == contact]
    await stage.desk.bind(visitor, ERASED)
    del stage.desk.contacts[visitor]


async def test_rule_1_10_every_open_window_of_an_erased_visitor_ends_with_a_clear_state(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking("My secret.")
        other, _ = await stage.talking("Somebody else's.")
        second = await stage.open(window.token, cursor=0)
        assert await second.lines(1) == ["My secret."]
        await erase(stage, contact)
        for each in (window, second):
            assert (await each.next("state"))["state"] == "erased"
            assert (await each.next("error"))["code"] == "token_refused"
            assert await each.closed() == 1008
        assert (await other.say("Still here."))["type"] == "ack"


async def test_rule_1_10_the_token_of_an_erased_visitor_is_refused_and_who_comes_without_it_is_somebody_new(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking("My secret.")
        await erase(stage, contact)
        assert await window.closed() == 1008
        assert await stage.refused(token=window.token) == ("token_refused", 1008)
        fresh = await stage.open()
        assert fresh.token != window.token
        assert fresh.welcome.get("contact") is None


async def test_rule_1_10_whom_the_host_page_knows_may_talk_again_after_an_erasure_and_begins_anew(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus, chat_identity_secrets=SECRETS) as stage:
        window, contact = await stage.talking("My secret.", identity=identity("customer-1"))
        await erase(stage, contact)
        assert await window.closed() == 1008
        again, anew = await stage.talking("Good morning.", identity=identity("customer-1"))
        assert again.welcome.get("contact") is None
        assert anew != contact
        assert [frame["text"] for frame in again.came if frame["type"] == "message"] == ["Good morning."]
