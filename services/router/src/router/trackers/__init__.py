"""What follows the decided events: each a FastStream subscriber on the stream `EVENTS`, free of order."""
