"""A model of one's own in a GGUF file, by llama.cpp's server on this machine, beside the offline rules."""
