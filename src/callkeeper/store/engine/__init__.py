"""What the rows need of a database, and the two databases."""
