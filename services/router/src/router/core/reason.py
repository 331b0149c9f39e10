"""Why something was done with a contact, as events say it (`rule`) and other rules go by."""

TRANSFERRED = "transferred"
"""It was taken from an agent, or an offer withdrawn: somebody has passed it on."""

CUSTOMER_RETURNED = "customer_returned"
"""It was taken from the agent who held it: they are asked again, with everybody else after them."""

ESCALATED = "escalated"
"""It was taken from somebody, an offer withdrawn, a ring opened: its policy has it so when a clock has come so far."""
