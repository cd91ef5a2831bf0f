"""The composition root: what runs, and of what it is made."""
