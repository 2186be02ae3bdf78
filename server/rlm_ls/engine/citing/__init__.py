"""From what a program hands over to checked citations: those of the answer, and those of its charts' points."""
