"""What one machine keeps: its database, its seal, its certificate."""
