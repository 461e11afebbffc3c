"""The bounded ring that holds what was said, and what writes to it and reads it."""
