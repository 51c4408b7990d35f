"""The read API: HTTP in front of `Reader`."""
