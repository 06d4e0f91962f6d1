"""A Telegram bot: chats, pairings, messages, buttons, updates.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE telegram_chats (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    telegram_chat_id BIGINT NOT NULL,
    telegram_user_id BIGINT NOT NULL,
    display_name TEXT NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT telegram_chats_key PRIMARY KEY (id),
    CONSTRAINT telegram_chats_id_exists FOREIGN KEY(id) REFERENCES destinations (id)
);

CREATE UNIQUE INDEX one_owner_per_telegram_chat ON telegram_chats (telegram_chat_id) WHERE ended_at IS NULL;

CREATE TABLE telegram_pairings (
    code_sha256 BYTEA NOT NULL,
    owner_id UUID NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT telegram_pairings_key PRIMARY KEY (code_sha256)
);

CREATE INDEX telegram_pairings_by_owner ON telegram_pairings (owner_id);

CREATE TABLE telegram_messages (
    chat_id UUID NOT NULL,
    message_id BIGINT NOT NULL,
    owner_id UUID NOT NULL,
    approval_id UUID NOT NULL,
    CONSTRAINT telegram_messages_key PRIMARY KEY (chat_id, message_id),
    CONSTRAINT telegram_messages_chat_id_exists FOREIGN KEY(chat_id) REFERENCES telegram_chats (id)
);

CREATE INDEX telegram_messages_by_approval ON telegram_messages (approval_id);

CREATE TABLE telegram_buttons (
    token_sha256 BYTEA NOT NULL,
    owner_id UUID NOT NULL,
    chat_id UUID NOT NULL,
    message_id BIGINT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    digest TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_by_update BIGINT,
    CONSTRAINT telegram_buttons_key PRIMARY KEY (token_sha256),
    CONSTRAINT telegram_buttons_chat_id_exists FOREIGN KEY(chat_id) REFERENCES telegram_chats (id)
);

CREATE INDEX telegram_buttons_by_expiry ON telegram_buttons (expires_at);

CREATE TABLE telegram_updates (
    update_id BIGINT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    handled_at TIMESTAMP WITH TIME ZONE,
    telegram_chat_id BIGINT,
    telegram_user_id BIGINT,
    kind TEXT DEFAULT '' NOT NULL,
    outcome TEXT DEFAULT '' NOT NULL,
    CONSTRAINT telegram_updates_key PRIMARY KEY (update_id)
);

CREATE INDEX telegram_updates_by_time ON telegram_updates (received_at);

CREATE INDEX telegram_updates_waiting ON telegram_updates (update_id) WHERE handled_at IS NULL;

CREATE TABLE telegram_intake (
    id SMALLINT NOT NULL,
    after_update_id BIGINT NOT NULL,
    lease_id UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT telegram_intake_key PRIMARY KEY (id)
)
"""

OWNED = (
    "telegram_chats",
    "telegram_pairings",
    "telegram_messages",
    "telegram_buttons",
)

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("INSERT INTO telegram_intake (id, after_update_id) VALUES (1, 0)")
    for table in OWNED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({IS_SYSTEM} OR {IS_MINE})")
