"""Places on the network that the hub asks, and only those that it may."""
