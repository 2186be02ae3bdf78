"""What a question asks and what the text is made of, put together as a script: a file a kind of answer."""
