"""Whether a process still runs. Imports nothing that is slow: it is asked before `initialize` is answered."""

from __future__ import annotations

import os
import sys


def is_alive(process: int) -> bool:
    """Whether there is a process with this id, anybody's. Ids are used again: it may be another one by now."""
    if sys.platform == "win32":
        # os.kill(pid, 0) would send Ctrl-C there.
        import ctypes

        synchronize, timed_out = 0x00100000, 0x102
        handle = ctypes.windll.kernel32.OpenProcess(synchronize, False, process)
        if not handle:
            return False
        state = ctypes.windll.kernel32.WaitForSingleObject(handle, 0)
        ctypes.windll.kernel32.CloseHandle(handle)
        return bool(state == timed_out)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # the number may be a folder's name, or a client's word
        return False
    except OSError:
        return True
    return True
