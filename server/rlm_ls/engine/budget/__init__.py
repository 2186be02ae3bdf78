"""What a run may cost and has cost: limits, ledger, payment, estimates, consent to spend. Knows no provider."""
