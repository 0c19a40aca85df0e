"""The service API of provisioning: what back ends and tools ask of enrollments."""
