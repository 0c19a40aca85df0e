"""What provisioning decides: who may come, what proves it, and which hub it gets."""
