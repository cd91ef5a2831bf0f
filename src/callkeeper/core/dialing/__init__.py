"""Dialing: attempts, what evidence means, and whether and when to dial."""
