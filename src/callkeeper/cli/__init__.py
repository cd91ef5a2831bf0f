"""The commands, thin: parse, call the client or the store, print."""
