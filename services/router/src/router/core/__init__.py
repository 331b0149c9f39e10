"""The desk as a deterministic state machine: no I/O, no clock, no randomness, no logging.

`decide(state, command, now)` says what happens, as events; `evolve(state, events)` makes them so.
Every change of state goes through `evolve`, so a replay of the log gives the same desk.
"""
