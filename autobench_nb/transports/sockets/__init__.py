"""The WebSocket side: direct writes, one encoding for many."""
