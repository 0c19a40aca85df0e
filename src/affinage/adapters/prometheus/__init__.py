"""Pages for Prometheus, and for whatever else reads its formats."""
