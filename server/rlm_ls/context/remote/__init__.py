"""Texts that lie elsewhere: in buckets, behind HTTPS, on other machines; read through fsspec.

`addresses` knows which names mean such a place, `copies` keeps private copies by version, `fetch` reads in a process of
its own (`worker`), where the providers' libraries and credentials are.
What is `plain` can be read where it lies (`ranges`).
"""
