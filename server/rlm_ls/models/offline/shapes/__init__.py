"""What a text is made of, by a sample of its lines: the shape of a line, its columns, how it writes times, levels."""
