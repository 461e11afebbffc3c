"""The one log query language."""
