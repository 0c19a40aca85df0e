"""A hub for other people's tests: `hubs` runs one, `plugin` gives it to pytest as fixtures."""
