"""What operators do beside serving."""
