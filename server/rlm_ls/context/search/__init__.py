"""Everything that can be asked of a Context: hits, counts, values, sections, places, quotes. Runs no search itself: it
cuts the text into pieces for the workers.
"""
