"""The shell around the core: the log, the lease, the loop that is the desk's one writer, and its effects."""
