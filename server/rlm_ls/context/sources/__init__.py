"""Finding files and making text of their bytes: paths, folders, ignore rules, secrets, compression, encodings. Only
workers read files."""
