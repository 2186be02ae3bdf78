"""Taking the immutable Context of a run: reading, packing, keeping it for the next question. A Context never
changes."""
