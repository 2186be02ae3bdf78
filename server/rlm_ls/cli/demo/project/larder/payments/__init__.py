"""Charging customers: once, even when it takes several attempts."""
