"""Telling others: customers by mail, partners by webhook."""
