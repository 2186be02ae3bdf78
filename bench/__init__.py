"""Measurements. Every figure in the README can be had again from here: `./dev bench NAME`."""
