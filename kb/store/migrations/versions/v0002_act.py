"""What a message was taken for, beside its answer; what was stored before asked something."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("answers", sa.Column("act", sa.Text, nullable=False, server_default="question"))
