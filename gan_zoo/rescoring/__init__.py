"""Paths of version 0.1 that scripts may still name."""
