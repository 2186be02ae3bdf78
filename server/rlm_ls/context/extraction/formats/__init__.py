"""One file a kind of document. Each writes to a Text, and loads its library when it is first needed."""
