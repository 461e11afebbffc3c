"""The bounded ring that holds what was said, and the ways into it."""
