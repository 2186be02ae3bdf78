"""What stands around a model's code: the part that talks to whoever runs it."""
