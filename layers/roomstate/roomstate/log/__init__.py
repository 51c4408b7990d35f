"""A room's log: its records, as consumers get them, and folded into the room again. Pure."""
