"""L2: compiled programs in WebAssembly, run in worker processes that the engine owns and can kill.

Why a process and not threads of the server: the server never holds a document's text; a mapped file that is truncated
is SIGBUS, which ends whoever reads it; a call must be gone within 100 ms of its cancel, whatever it is doing.
"""

DAMAGED = "Define it again."
"""The remedy of an error that a new compilation mends."""

MODULE = ".wasm"
"""The suffix of a module's own file, which stands beside its machine code for other machines."""
