"""What an operator decides: desks, agents, inboxes, policies, calendars; written as TOML."""
