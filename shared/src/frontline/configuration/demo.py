"""The demo desk. An ordinary configuration: `frontline up` writes it when `FRONTLINE_CONFIG` is unset."""

DEMO = """\
# The demo desk of `frontline up`. It is an ordinary configuration: `frontline init` writes one for
# your own desk, and FRONTLINE_CONFIG says where that is. Written anew at each start.
version = 1

[[desk]]
id = "support"
name = "Support"

[[desk.inbox]]
channel = "email"
id = "support"
name = "Support"
address = "support@frontline.example"

[[desk.inbox]]
channel = "chat"
id = "support"
name = "Support"
address = "support"

[[desk.inbox]]
channel = "phone"
id = "support"
name = "Support"
address = "+12025550123"

[[desk.agent]]
id = "agent-1"
name = "Demo agent 1"
available = true
may = ["erase"]

[[desk.agent]]
id = "agent-2"
name = "Demo agent 2"
available = true

[[desk.agent]]
id = "agent-3"
name = "Demo agent 3"
available = true

[[policy]]
id = "standard"
first_response = "PT1H"
"""
