"""What a team lead may wonder about in the figures, said before they have to ask. Pure."""

from collections.abc import Iterator, Sequence

from router.simulate.figures import Figures
from router.simulate.scenario import Scenario

_NOBODY = "nobody is there at any time: shifts that say available = true decide who is, or available = true of an agent"


def hints(scenario: Scenario, desks: Sequence[Figures]) -> Iterator[str]:
    """A sentence each: who does not come at all, and desks without anybody."""
    came = {inbox.name for desk in desks for inbox in desk.inboxes}
    if not scenario.arrivals:
        yield "Nobody comes: the day has no [[arrivals]]."
    for coming in scenario.arrivals:
        name = f"{coming.channel} {coming.inbox}"
        if name not in came:
            why = f"{coming.csv} has nobody of these days" if coming.csv else "its per_hour is 0, or close to it"
            yield f"Nobody comes by {name}: {why}."
    for desk in desks:
        if not any(agent.present for agent in desk.agents):
            yield f"{desk.name}: {_NOBODY}."
