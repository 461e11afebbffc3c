"""What to run, written down: recipes in YAML or Python, checked before anything starts. Pure.

:func:`~autobench_nb.recipes.load.load_recipe` reads a file; :func:`~autobench_nb.recipes.check.check_recipe` says what
is wrong with a recipe, with places and remedies; :func:`~autobench_nb.recipes.plan.plan_steps` gives the steps as they
would be run: parameters filled in, the matrix spread out, in an order that respects what each one needs.
"""
