"""The dialer: turns due reservations into attempts, and attempts into results."""
