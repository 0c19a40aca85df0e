"""WebSocket: how a connection of the HTTPS port comes to carry another protocol's bytes."""
