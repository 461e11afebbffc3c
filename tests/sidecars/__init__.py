"""Tests of the sidecars: the pure parts by themselves, the rest with real ffmpeg processes."""
