"""What is kept about use: answers, votes, progress.

Takes records, keeps them in a database. Knows nothing about how answers come about.
"""
