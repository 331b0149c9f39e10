"""Pieces of configuration for desks that a test adds to the demo's."""

SALES = """
[[desk]]
id = "sales"
name = "Sales"

[[desk.inbox]]
channel = "email"
id = "sales"
address = "sales@frontline.example"

[[desk.agent]]
id = "agent-9"
name = "Demo agent 9"
available = true
"""
