"""Exports and imports of the registry: what was asked for, and the loop that does it."""
