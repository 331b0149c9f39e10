"""What the authors of channels and services test with."""
