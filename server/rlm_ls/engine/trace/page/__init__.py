"""A run as one web page, for a browser and for editors. What is in a trace is data and never markup."""
