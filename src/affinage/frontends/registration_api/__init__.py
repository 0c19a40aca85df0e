"""The HTTPS door of devices that want to be provisioned."""
