"""An answer to be passed on: with links to what it cites where that is published, with excerpts where it is not."""
