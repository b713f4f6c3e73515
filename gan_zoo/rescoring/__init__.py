"""Module paths of version 0.1, which scripts may still use."""
