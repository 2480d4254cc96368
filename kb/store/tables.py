"""The tables of the database: what was asked and answered, votes, progress, conversations.

Takes nothing, gives SQLAlchemy tables. The folder migrations/ brings a database to this state; a
test holds the two against each other. Knows nothing about connections.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    false,
)

METADATA = MetaData()

answers = Table(
    "answers",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("asked_at", DateTime(timezone=True), nullable=False, index=True),
    Column("surface", Text, nullable=False),
    Column("person", Text, nullable=False, index=True),
    Column("language", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("history", JSON, nullable=False),
    Column("answer", Text, nullable=False),
    Column("sentences", JSON, nullable=False),
    Column("citations", JSON, nullable=False),
    Column("declined", Boolean, nullable=False),
    Column("reason", Text),
    Column("clarify", Text),
    Column("pattern", Text),
    Column("decision", JSON(none_as_null=True)),
    Column("model", Text, nullable=False),
    Column("index_version", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("act", Text, nullable=False, server_default="question"),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("tokens_in", Integer, nullable=False, server_default="0"),
    Column("tokens_out", Integer, nullable=False, server_default="0"),
    Column("tokens_estimated", Boolean, nullable=False, server_default=false()),
)
"""One row an answer; `id` is `Answer.id`."""

votes = Table(
    "votes",
    METADATA,
    Column("answer_id", Text, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, primary_key=True, index=True),
    Column("vote", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("voted_at", DateTime(timezone=True), nullable=False),
)
"""The newest vote of each person on each answer."""

progress = Table(
    "progress",
    METADATA,
    Column("person", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("section_hash", Text, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("done_at", DateTime(timezone=True)),
)
"""What a person answered on each step of the onboarding path; `done_at` once all is answered."""

conversations = Table(
    "conversations",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("share", Text, unique=True),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
"""`title` is empty until a person gives one: then the first question stands for it. `share` is the
key of the link under which others may read it; NULL while nobody may."""

exchanges = Table(
    "exchanges",
    METADATA,
    Column(
        "conversation",
        Text,
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("person", Text, nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("partial", Text, nullable=False),
    Column("answer", JSON(none_as_null=True)),
)
"""A question and what came of it. `person` asked it: in a copy of a shared conversation not the one
whose copy it is. `answer` holds the fields of `Answer`; without one, `partial` is what came before
it was stopped."""
