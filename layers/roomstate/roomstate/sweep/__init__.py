"""Deletes what the end of a room leaves behind."""
