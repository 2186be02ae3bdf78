"""What `rlm-ls demo` asks about: a generated log, a sample project kept for the purpose, and the questions."""
