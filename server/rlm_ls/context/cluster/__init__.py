"""Searching by the machines of a Dask cluster: the same operations in the same killable processes, elsewhere.

`address` says which clusters are taken, `nodes` starts one on this machine (`node` is its processes' main),
`connection` attaches, `pool` is what searches see, `agent` what runs on a node, `replies` reads what came back.
"""
