"""The database: one port, one text of SQL, two engines."""
