"""What a database must do, in our words."""
