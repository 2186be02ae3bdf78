"""The child process that compiles modules and runs them. Started as `python -P -m rlm_ls.executors.wasm.worker`."""

from __future__ import annotations

import threading

from rlm_ls.context.worker import main
from rlm_ls.executors.wasm.machine import THREAD_STACK

if __name__ == "__main__":
    threading.stack_size(THREAD_STACK)
    main("rlm_ls.executors.wasm")
