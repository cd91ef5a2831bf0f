"""Callkeeper keeps the calls you promised: a server for reserved outbound calls."""

__version__ = "0.1.0"
