"""Fingerprints, noise, and what may be compared."""
