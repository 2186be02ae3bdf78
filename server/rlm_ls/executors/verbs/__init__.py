"""What a script can call. One registry makes the prompt, the wrappers, help() and docs/verbs.md; `all` registers every
verb. A verb holds no text longer than its result.
"""
