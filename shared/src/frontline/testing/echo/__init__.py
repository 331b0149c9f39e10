"""The template of a channel: JSON over HTTP in, JSON over HTTP out. `make new-channel` copies it."""
