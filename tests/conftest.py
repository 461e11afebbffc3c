"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# An example that takes long on a busy machine is no fault of the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
