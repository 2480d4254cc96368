"""What the unit tests share besides: an assistant on a part of our own notes."""

from __future__ import annotations

from tests.unit.kb_fixtures import notes

__all__ = ["notes"]  # a fixture, built once a session
