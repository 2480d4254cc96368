"""Onboarding: steps, lessons, check questions.

Takes the path and the notes, gives lessons. Knows nothing about pages.
"""
