"""What the feed tells, handed to places outside the hub."""
