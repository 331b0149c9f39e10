"""Who is on duty when: to look at, to swap turns in, and as a calendar to take along."""

from datetime import datetime, timedelta

from aiohttp import web

from frontline.contract.ids import AgentId
from router.api.call import Call, answer
from router.api.idempotency import ask
from router.api.instant import instant
from router.api.problem import FieldMistake, Invalid, not_found
from router.api.rota_shape import Fair, RotaView, SwapBody, TurnView, Window
from router.api.shape import Nothing
from router.core.command import SwapTurn
from router.core.rota import Turn, parse_turn_id, turns
from router.core.rota_fairness import Share, fairness
from router.index.rota import RotaRow
from router.index.row import stamp
from router.rota.ics_out import calendar_of

_AROUND = timedelta(days=28)
_MOST = timedelta(days=400)


async def show_rota(call: Call[Nothing, Window]) -> web.Response:
    row, position = _row(call)
    start, end = _window(call)
    shares = fairness(row.rota, start, end, row.agents)
    view = RotaView(
        desk=call.who.desk.id,
        since=stamp(start),
        until=stamp(end),
        on_duty=row.duty,
        changes_at=stamp(row.until) if row.until is not None else None,
        items=[_turn(turn) for turn in turns(row.rota, start, end)],
        fairness=[_fair(share) for share in shares],
    )
    return answer(view, seq=position)


async def swap_turn(call: Call[SwapBody, Nothing]) -> web.Response:
    _own_desk(call)
    parsed = parse_turn_id(call.body.shift)
    if parsed is None:
        raise Invalid(FieldMistake("$.shift", "must be the id of a turn, such as early.2026-11-23"))
    shift, day = parsed
    body = {"shift": call.body.shift, "by": call.who.agent.id, "with": call.body.partner}
    command = SwapTurn(agent=call.who.agent.id, partner=AgentId(call.body.partner), shift=shift, day=day)
    reply = await ask(call, command, body)
    return answer(body, status=201, seq=reply.seq)


async def download_rota(call: Call[Nothing, Window]) -> web.Response:
    row, _ = _row(call)
    start, end = _window(call)
    names = {agent.id: agent.name for agent in call.who.desk.agents}
    data = calendar_of(turns(row.rota, start, end), desk=call.who.desk.id, names=names, now=call.api.clock())
    headers = {
        "Content-Disposition": f'attachment; filename="rota-{call.who.desk.id}.ics"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=data, content_type="text/calendar", charset="utf-8", headers=headers)


def _row(call: Call[Nothing, Window]) -> tuple[RotaRow, int]:
    _own_desk(call)
    desk = call.who.desk.id
    position = call.api.index.log_position(desk).seq
    return call.api.index.read.rota(desk), position


def _own_desk(call: Call[SwapBody, Nothing] | Call[Nothing, Window]) -> None:
    if call.part("desk") != call.who.desk.id:
        raise not_found("desk")


def _window(call: Call[Nothing, Window]) -> tuple[datetime, datetime]:
    now = call.api.clock()
    start = now - _AROUND if call.query.since is None else instant("since", call.query.since)
    end = max(now, start) + _AROUND if call.query.until is None else instant("until", call.query.until)
    if not start < end <= start + _MOST:
        raise Invalid(FieldMistake("until", f"must lie behind since, and {_MOST.days} days behind it at most"))
    return start, end


def _turn(turn: Turn) -> TurnView:
    return TurnView(
        id=turn.id,
        shift=turn.shift,
        day=turn.day.isoformat(),
        start=stamp(turn.start),
        end=stamp(turn.end),
        agents=turn.agents,
        available=turn.available,
    )


def _fair(share: Share) -> Fair:
    hours = round(share.time / timedelta(hours=1), 2)
    return Fair(agent=share.agent, turns=share.turns, weekend_turns=share.weekend, hours=hours)
