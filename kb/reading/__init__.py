"""A message and its conversation to what it says: act, parts, queries, case.

Takes the message and the turns before it. Knows nothing about indexes, rules or answers.
"""
