"""What a question asks, by its words: every word that carries meaning is used, or is named as not understood."""
