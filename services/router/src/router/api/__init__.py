"""The HTTP API of agents and operators: thin handlers over the read index and the desk's commands.

`table.py` says which routes there are; routing and the OpenAPI document both come from it.
"""
