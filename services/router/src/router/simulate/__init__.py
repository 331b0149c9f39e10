"""A desk played through on a virtual clock, by the same core that runs it: what would happen if."""
