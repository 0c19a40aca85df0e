"""Provisioning: enrollments, and the registrations of devices that come by them."""
