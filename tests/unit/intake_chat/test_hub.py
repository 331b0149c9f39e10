"""What sockets share, where it ends."""

import asyncio
import gc

import pytest

from frontline.contract.error import Unavailable
from frontline.contract.ids import InboxId
from intake_chat.conversation import Conversation
from intake_chat.hub import Hub
from intake_chat.token import Visitor


async def test_a_conversation_that_would_begin_when_all_has_ended_is_put_off_and_leaves_nothing_behind() -> None:
    async with asyncio.TaskGroup() as ended:
        pass
    hub = object.__new__(Hub)
    hub.tasks = ended
    with pytest.raises(Unavailable):
        hub.run(Conversation(Visitor("a1", InboxId("support")), hub))
    gc.collect()  # a coroutine that nobody awaits is told of here
