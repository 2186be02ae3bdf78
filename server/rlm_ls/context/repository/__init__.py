"""What a file's git repository says of it, read from git's own files in a process that can run no program: a folder's
hooks, filters and configuration have no effect."""
