"""What `frontline desk simulate` plays when nobody names a day. An ordinary scenario, and an ordinary desk."""

DESK = """\
version = 1

[[desk]]
id = "support"
name = "Support"

[[desk.inbox]]
channel = "phone"
id = "support"
address = "+12025550123"
wrap_up = "PT30S"

[[desk.inbox]]
channel = "chat"
id = "support"
address = "support"

[[desk.inbox]]
channel = "email"
id = "support"
address = "support@desk.example"

[[desk.agent]]
id = "agent-1"
name = "Agent 1"

[[desk.agent]]
id = "agent-2"
name = "Agent 2"

[[desk.agent]]
id = "agent-3"
name = "Agent 3"

[[desk.agent]]
id = "agent-4"
name = "Agent 4"

[[desk.shift]]
id = "early"
zone = "Europe/Berlin"
begins = "07:00"
ends = "15:30"
agents = ["agent-1", "agent-2"]
available = true

[[desk.shift]]
id = "late"
zone = "Europe/Berlin"
begins = "11:00"
ends = "19:00"
agents = ["agent-3", "agent-4"]
available = true

[[policy]]
id = "standard"
first_response = "P1D"
"""

DAY = """\
# A Monday at the desk. Each hour of the day has a number: how many come in it on average.
day = 2026-11-23
zone = "Europe/Berlin"
level = "PT60S"                           # served in time, if live: within a minute

[[arrivals]]
channel = "phone"
inbox = "support"
per_hour = [0, 0, 0, 0, 0, 0, 0, 5, 10, 14, 12, 9, 7, 8, 8, 7, 5, 3, 1, 0, 0, 0, 0, 0]
takes = "PT5M"                            # of an agent's time, on average
varies = 0.7                              # and by how much that differs, as a part of it
patience = "PT3M"                         # before they hang up, on average

[[arrivals]]
channel = "chat"
inbox = "support"
per_hour = [0, 0, 0, 0, 0, 0, 0, 4, 9, 14, 12, 10, 10, 11, 10, 9, 7, 4, 1, 0, 0, 0, 0, 0]
takes = "PT9M"
patience = "PT5M"

[[arrivals]]
channel = "email"
inbox = "support"
per_hour = [1, 1, 1, 1, 1, 2, 3, 5, 6, 6, 5, 4, 4, 4, 4, 4, 3, 3, 3, 2, 2, 2, 1, 1]
backlog = 12                              # came over the weekend
takes = "PT6M"

[[absence]]
agent = "agent-1"
begins = "12:00"
ends = "12:45"

[[absence]]
agent = "agent-2"
begins = "12:45"
ends = "13:30"
"""
