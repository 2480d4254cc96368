"""What chat models were asked for each answer; nothing is known of what was stored before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("calls", "tokens_in", "tokens_out"):
        op.add_column("answers", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    estimated = sa.Column("tokens_estimated", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("answers", estimated)
