"""Where bytes come from and what makes text of them: paths, folders, ignore rules, secrets, encodings. Only workers
read files.
"""
