"""How it is heard: the client's side."""
