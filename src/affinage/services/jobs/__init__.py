"""Scheduled jobs: what was asked for, what became of each target, and the loop that does it."""
