"""Signed JSON as a channel."""
