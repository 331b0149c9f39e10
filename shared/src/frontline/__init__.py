"""Frontline: one front door for every customer contact."""

__version__ = "0.1.0"
