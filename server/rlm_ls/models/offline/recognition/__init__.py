"""Which shape a text has: by known formats, its headings, its tables, its records."""
