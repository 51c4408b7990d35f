"""What a room's end leaves behind, and that it goes."""
