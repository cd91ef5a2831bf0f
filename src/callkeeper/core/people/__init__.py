"""People: who works with the console, what they may there, and how they sign in."""
