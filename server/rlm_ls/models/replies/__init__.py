"""What comes back from a model, whoever it is: thinking told from the reply, tokens estimated where nobody counts."""
