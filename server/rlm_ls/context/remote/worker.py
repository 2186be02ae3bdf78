"""The child process that reads what lies elsewhere. Started as `python -P -m rlm_ls.context.remote.worker`.

The providers' libraries, their credentials (from the environment and the providers' own files) and their connections
stay in here; it is killed to stop it.
"""

from __future__ import annotations

from rlm_ls.context.workers.worker import main

if __name__ == "__main__":
    main("rlm_ls.context.remote")
