"""Sources to index: fetch, parse, chunk, embed, publish."""
