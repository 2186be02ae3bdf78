"""Answers that stand in a text as its author wrote them."""
