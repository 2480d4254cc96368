"""How the database came to its present shape; run by `kb.database`, never by hand."""
