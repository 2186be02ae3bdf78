"""What stands around a program: hands it the text and takes the result. A model never sees or writes these."""
