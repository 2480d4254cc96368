"""Query to hits: embedding, vectors, lexical, versions, fusion, final order, links.

Takes a query and an index version, gives hits. Knows nothing about conversations or wording.
"""
