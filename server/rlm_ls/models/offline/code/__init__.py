"""Questions about code: read by patterns of their own, each whole, and only where the text is code."""
