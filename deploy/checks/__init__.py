"""What a schema can't see: whether the objects of an overlay fit each other, and fit the processes that they run."""
