"""The charts of an answer as people see them: pictures where a client can draw, else tables with blocks."""
