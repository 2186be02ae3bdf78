"""Judging what others wrote: schemas, replies, scripts, quotations. Its cost is theirs to decide, so it is done in
worker processes under a deadline (`judge.py`), by pure functions that know nothing of a run."""
