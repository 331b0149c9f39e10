"""The agents' page: a thin one over the API, with no privilege of its own."""
