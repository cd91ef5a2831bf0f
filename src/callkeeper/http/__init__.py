"""What every page and interface stands on: HTTP itself."""
