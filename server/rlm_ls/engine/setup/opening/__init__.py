"""What a model is shown before its first reply: the card of the documents, and a first look at them."""
