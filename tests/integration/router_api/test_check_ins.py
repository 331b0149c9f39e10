"""An agent says for a customer whether they are written to when nothing is heard of them."""

from pathlib import Path

from frontline.contract.ids import CustomerId
from frontline.runtime.bus import Bus
from router.desk.opt_out import OptOuts
from tests.integration.router_api.world import OTHER, world
from tests.integration.router_desk.desk import mail


async def test_rule_7_an_agent_says_that_a_customer_wants_no_check_ins_and_that_they_do_again(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        contact = await there.contact_from(mail("<1@one.example>"))
        path = f"/api/contacts/{contact}/check-ins"
        shown = await agent.get(path)
        customer = CustomerId(shown.body["customer"])
        assert shown.body == {"customer": customer, "wanted": True}
        for wanted in (False, False, True):
            said = await agent.put(path, {"wanted": wanted})
            assert (said.status, said.body) == (200, {"customer": customer, "wanted": wanted})
            assert (await agent.get(path)).body == said.body
            assert await OptOuts(provisioned).holds(customer) is not wanted
        assert (await there.client(OTHER).put(path, {"wanted": False})).status == 404
        assert (await agent.put(path, {})).status == 422
