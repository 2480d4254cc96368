"""What a pasted Dockerfile, traceback, log or piece of code says; the checks are data.

Takes pasted text, gives findings with their proof, and the line that names an error.
"""

from kb.review.answer import Review, review, wants_whole

__all__ = ["Review", "review", "wants_whole"]
