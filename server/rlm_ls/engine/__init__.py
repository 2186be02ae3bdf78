"""One question from asking to its Answer: the loop of the recursive language model. Knows no editor, no terminal and no
provider.
"""
