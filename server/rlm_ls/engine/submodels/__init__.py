"""Calls of sub-models and child runs: who answers, announced, paid for, cached, recorded. Knows no verb."""
