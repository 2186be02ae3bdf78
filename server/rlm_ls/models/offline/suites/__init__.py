"""Questions about the tests that a runner ran: how its lines are printed, and what is asked of them."""
