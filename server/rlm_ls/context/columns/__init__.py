"""What is kept of very many texts: columns, of which a row becomes an object when somebody asks for it."""
