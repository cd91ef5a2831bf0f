"""The store as async code asks it: threads that read, a process that writes."""
