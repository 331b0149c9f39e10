"""How a desk stands: who waits, who is on, what people are told, and how right that was."""

from aiohttp import web

from frontline.contract.deskview import DeskView, decode_desk_view
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import DESKVIEW
from router.api.call import Call, answer
from router.api.desk_shape import DeskName, DeskNames, DeskPerson, DeskStatus, ForetoldView, WaitRange
from router.api.problem import not_found
from router.api.shape import Nothing
from router.index.rota import on_duty
from router.index.row import stamp


async def list_desks(call: Call[Nothing, Nothing]) -> web.Response:
    return answer(DeskNames(items=[DeskName(id=id_, name=name) for id_, name in call.api.access.desk_names.items()]))


async def show_desk(call: Call[Nothing, Nothing]) -> web.Response:
    desk = call.who.desk
    if call.part("desk") != desk.id:
        raise not_found("desk")
    view = await shown(call.api.bus, desk.id)
    read = call.api.index.read
    position = call.api.index.log_position(desk.id).seq
    known, in_hand, rota = read.agents(desk.id), read.in_hand(desk.id), read.rota(desk.id)
    names = {agent.id: agent.name for agent in desk.agents}
    people = [
        DeskPerson(
            agent=row.id,
            name=names.get(row.id, row.id),
            state=row.state,  # type: ignore[arg-type]
            until=row.until,
            on_duty=on_duty(rota, row.id),
            contacts=in_hand.get(row.id, 0),
        )
        for row in known.values()
    ]
    return answer(_status(call, view, people), seq=position)


async def shown(bus: Bus, desk: DeskId) -> DeskView | None:
    """What the desk's leader showed last. Raises `Unavailable`."""
    entry = await KeyValue(bus, DESKVIEW).get(desk)
    return None if entry is None else decode_desk_view(entry.value)


def _status(call: Call[Nothing, Nothing], view: DeskView | None, people: list[DeskPerson]) -> DeskStatus:
    desk = call.who.desk
    told = None if view is None else view.foretold
    return DeskStatus(
        desk=desk.id,
        name=desk.name,
        online=any(person.state == "available" for person in people),
        opens_at=stamp(view.opens_at) if view is not None and view.opens_at is not None else None,
        people=people,
        waiting=call.api.index.read.waiting(desk.id),
        wait={} if view is None else {key: WaitRange(low=each.low, high=each.high) for key, each in view.wait.items()},
        foretold=None
        if told is None
        else ForetoldView(waits=told.waits, longer=told.longer, off=told.off, within=told.within),
        as_of=None if view is None else stamp(view.at),
    )
