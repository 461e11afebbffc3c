"""The small processes that start commands and end them: they import nothing but the standard library."""
