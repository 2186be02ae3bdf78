"""Programs in Rust, C and WebAssembly text: compiled in the jail, kept by content, run in WebAssembly workers or
natively in the jail.
"""
