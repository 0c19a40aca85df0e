"""Subjects of NATS; needs the extra ``nats``."""
