"""How it is told: the server's side."""
