"""Runs of recipes: what a recipe's machine decides is carried out over the queue of jobs, and told to the state."""
