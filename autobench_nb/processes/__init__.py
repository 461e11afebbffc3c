"""How a command is run: started, watched, read line by line, measured, ended."""
