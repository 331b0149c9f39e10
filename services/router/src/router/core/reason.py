"""Why something was done with a contact, as events say it (`rule`, `reason`) and others go by."""

TRANSFERRED = "transferred"
"""It was taken from an agent, or an offer withdrawn: somebody has passed it on."""

CUSTOMER_RETURNED = "customer_returned"
"""It was taken from the agent who held it: they are asked again, with everybody else after them."""

ESCALATED = "escalated"
"""It was taken from somebody, an offer withdrawn, a ring opened: its policy has it so when a clock has come so far."""

UNANSWERED = "unanswered"
RECALLED = "recalled"
NOT_CONFIGURED = "not_configured"
ALREADY_HERE = "already_here"
CLOSED = "closed"
TOO_FAR = "hop_limit"
"""It did not go to another desk: that has said nothing in time; it was taken back; the other desk has no settings yet,
has a contact of that id, has had it and closed it; it has been at too many desks.
"""
