"""The loop: reply, programs, observation, submission, turn by turn. It opens and closes nothing."""
