"""Reservations: what a promise is, and all that can become of it."""
