"""L4: what sub-models are told, and how their replies are read."""
