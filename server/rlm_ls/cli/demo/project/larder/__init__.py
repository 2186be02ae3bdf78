"""Larder: orders for a small grocery shop."""

VERSION = "4.7.1"
