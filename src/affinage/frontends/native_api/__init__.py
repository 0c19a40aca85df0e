"""The hub's own door, `/affinage/v1`: what no client of Azure asks for."""
