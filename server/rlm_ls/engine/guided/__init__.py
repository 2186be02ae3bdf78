"""The route for models that cannot explore: shown the best passages, asked for an answer with its proof."""
