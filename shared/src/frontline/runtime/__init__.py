"""What every service stands on: the bus, the host, settings, health, telemetry."""
