"""How long a test waits for what comes by itself: no measurement, since a busy machine takes ten times as long."""

PATIENCE = 300.0
"""Seconds after which something hangs."""
