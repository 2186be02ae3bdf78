"""Where what a model writes is run: scripts, verbs, compiled programs. All of it is hostile. Knows no provider and no
account.
"""
