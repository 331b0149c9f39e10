"""The router: assigns every contact to a person and keeps the SLA clocks."""
