"""What devices and modules ask of the hub over HTTPS."""
