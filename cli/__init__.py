"""The command line: lines of JSON, the JSON of an answer, images.

Takes arguments, prints answers. Knows nothing about how they come about.
"""
