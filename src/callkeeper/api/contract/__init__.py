"""What all signed interfaces have in common."""
