"""What the unit tests share besides: an assistant on a part of our own notes."""

from __future__ import annotations

from tests.databases import absent, database, database_url, postgresql
from tests.unit.kb_fixtures import notes
from tests.unit.publishing import base

__all__ = ["absent", "base", "database", "database_url", "notes", "postgresql"]  # fixtures
