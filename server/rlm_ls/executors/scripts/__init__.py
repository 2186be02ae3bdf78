"""Scripts in the Python sandbox: session, prelude, output, errors as a model can use them, and the host that verbs work
with. Only what a verb returns crosses into the sandbox.
"""
