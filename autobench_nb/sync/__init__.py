"""How state and log are told: the wire's messages, the server's side (hub) and the client's (mirror). Pure."""
