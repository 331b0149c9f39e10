"""`frontline up`: an embedded NATS and every service as a process of its own, kept running."""
