"""How the database came to its present shape; run by `kb.store.database`, never by hand."""
