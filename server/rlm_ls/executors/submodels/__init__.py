"""Sub-models and child runs as verbs see them: the calls, the prompts, how replies are read. The engine decides which
model answers."""
