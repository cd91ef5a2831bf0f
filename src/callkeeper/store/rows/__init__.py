"""Rows and values, by family."""
