"""The rules: facts with versions, what a webhook does to them, and rooms as people read them. Pure."""
