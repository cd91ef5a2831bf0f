"""The lines: what a PBX must do and tell, Asterisk, and none at all."""
