"""The verb `chart`: from a pattern or from rows to a chart that goes with the answer."""
