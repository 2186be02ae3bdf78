"""What may go wrong, made on purpose against the real server process: bounded in tests/faults, longer in bench/soak.

Each scenario is a coroutine that takes numbers and a seed and returns a Tally; nothing here asserts.
"""
