"""An extraction worker of an installation without the extra `documents`."""

from __future__ import annotations

import sys

from rlm_ls.context.extraction.worker import MEMORY
from rlm_ls.context.workers.confinement import shut_in
from rlm_ls.context.workers.worker import main

if __name__ == "__main__":
    for name in ("pypdfium2", "lxml", "lxml.etree", "python_calamine"):
        sys.modules[name] = None  # type: ignore[assignment]  # importing it fails
    shut_in(MEMORY)
    main("rlm_ls.context.extraction")
