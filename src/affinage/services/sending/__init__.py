"""What devices send for their uploads, and its figures; who may is decided in `uploads`."""
