"""The door `/metrics`: the hub, watched from outside."""
