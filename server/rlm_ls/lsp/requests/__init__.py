"""The custom methods `rlm/…`, one file each. What takes long runs as a job (lsp/jobs)."""
