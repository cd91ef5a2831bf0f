"""HTTP in, JSON out. The wire's names live here and in the client, and nowhere else."""
