"""Taking the immutable Context of a run: texts are read, copied into private pack files where needed, and cached for
the next question."""
