"""What must never be seen is taken out before anything can see it."""
