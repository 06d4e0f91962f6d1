"""Each kind of evidence as the database tells it: one JSON object a row.

docs/protocol.md has the fields. Bytes are hexadecimal, amounts canonical decimals, times UTC.
"""

from sqlalchemy import TextClause, text as sql

_MOMENT = '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\''


def _time(column: str) -> str:
    return f"to_char({column} AT TIME ZONE 'UTC', {_MOMENT})"


def _hex(column: str) -> str:
    return f"coalesce(encode({column}, 'hex'), '')"


def _amount(column: str) -> str:
    return f"trim_scale({column})::text"


# Signals that the transaction may see, in their order.
SIGNAL_IDS = sql("""
SELECT id FROM signals
WHERE id > :after
    AND (CAST(:signal_id AS uuid) IS NULL OR id = :signal_id)
    AND (CAST(:start_time AS timestamptz) IS NULL OR received_at >= :start_time)
    AND (CAST(:end_time AS timestamptz) IS NULL OR received_at < :end_time)
ORDER BY id LIMIT :most
""")

SERVER_KEYS = sql(f"""
SELECT json_build_object('type', 'server-key', 'id', id, 'public_key', {_hex("public_key")})
FROM signing_keys WHERE purpose = 'approval' ORDER BY created_at
""")  # noqa: S608  # built from the constants above

# Read for everybody, and public: whoever was shown a signal may know what it was signed with.
PRODUCER_KEYS = sql(f"""
SELECT json_build_object('type', 'producer-key', 'id', k.id, 'producer_id', k.producer_id,
    'algorithm', k.algorithm, 'public_key', {_hex("k.public_key")})
FROM producer_keys k WHERE k.id IN (SELECT key_id FROM signals WHERE id = ANY(:ids)) ORDER BY k.id
""")  # noqa: S608  # as above

_SIGNATURES = f"""
    'intent_text', intent_text, 'server_key_id', coalesce(server_key_id, ''),
    'server_signature', {_hex("server_signature")},
    'owner_signature',
    CASE WHEN jsonb_typeof(owner_signature) = 'object' THEN owner_signature END"""

_PRODUCERS = """
SELECT json_build_object('type', 'producer', 'id', p.id, 'name', p.name)
FROM producers p WHERE p.id IN (SELECT producer_id FROM signals WHERE id = ANY(:ids)) ORDER BY p.id
"""
_ACCOUNTS = """
SELECT json_build_object('type', 'account', 'id', a.id, 'owner_id', a.owner_id,
    'account', a.login || '@' || a.server)
FROM accounts a WHERE a.id IN (SELECT account_id FROM approvals WHERE signal_id = ANY(:ids))
ORDER BY a.id
"""
_PEOPLE = """
SELECT json_build_object('type', 'person', 'id', u.id, 'email', u.email)
FROM users u WHERE u.id IN (SELECT owner_id FROM approvals WHERE signal_id = ANY(:ids))
ORDER BY u.id
"""
_OWNER_KEYS = f"""
SELECT json_build_object('type', 'owner-key', 'id', k.id, 'owner_id', k.owner_id, 'name', k.name,
    'algorithm', k.algorithm, 'origin', k.origin, 'public_key', {_hex("k.public_key")},
    'created_time', {_time("k.created_at")}, 'revoked_time', coalesce({_time("k.revoked_at")}, ''))
FROM owner_keys k WHERE (k.owner_id, k.id) IN (
    SELECT owner_id, owner_signature->>'owner_key_id' FROM approvals WHERE signal_id = ANY(:ids))
ORDER BY k.id
"""  # noqa: S608  # as above
_SIGNALS = f"""
SELECT json_build_object('type', 'signal', 'id', id, 'producer_id', producer_id,
    'external_id', external_id, 'instrument', instrument, 'side', side, 'action', action,
    'format', format, 'key_id', key_id,
    'sent_time_ms', round(extract(epoch FROM sent_at) * 1000)::bigint, 'nonce', {_hex("nonce")},
    'payload', {_hex("payload")}, 'signature', {_hex("signature")},
    'received_time', {_time("received_at")})
FROM signals WHERE id = ANY(:ids) ORDER BY id
"""  # noqa: S608  # as above
_APPROVALS = f"""
SELECT json_build_object('type', 'approval', 'id', id, 'owner_id', owner_id,
    'signal_id', signal_id, 'account_id', account_id, 'state', state, 'mode', mode,
    'decided_by', decided_by, 'decided_time', coalesce({_time("decided_at")}, ''),
    'consent_version', consent_version, 'command_id', command_id, {_SIGNATURES})
FROM approvals WHERE signal_id = ANY(:ids) ORDER BY id
"""  # noqa: S608  # as above
_COMMANDS = f"""
SELECT json_build_object('type', 'command', 'id', c.id, 'account_id', c.account_id,
    'approval_id', c.approval_id, 'state', c.state, 'kind', c.kind,
    'granted_time', coalesce({_time("c.granted_at")}, ''),
    'tags', (SELECT coalesce(json_agg(json_build_object(
        'attempt', t.attempt, 'magic', t.magic::text) ORDER BY t.attempt), '[]')
        FROM command_tags t WHERE t.command_id = c.id), {_SIGNATURES})
FROM commands c WHERE c.signal_id = ANY(:ids) ORDER BY c.id
"""  # noqa: S608  # as above
_DEALS = f"""
SELECT json_build_object('type', 'deal', 'account_id', d.account_id, 'ticket', d.ticket::text,
    'command_id', d.command_id, 'magic', d.magic::text, 'position_id', d.position_id::text,
    'deal_type', d.type, 'entry', d.entry, 'symbol', d.symbol, 'volume', {_amount("d.volume")},
    'price', {_amount("d.price")}, 'broker_time_ms', d.broker_time_ms::text,
    'received_time', {_time("d.received_at")})
FROM deals d WHERE d.command_id IN (SELECT id FROM commands WHERE signal_id = ANY(:ids))
ORDER BY d.account_id, d.ticket
"""  # noqa: S608  # as above

# In the order in which one stands on the other.
OF_SIGNALS: tuple[TextClause, ...] = tuple(
    sql(query)
    for query in (
        *(_PRODUCERS, _ACCOUNTS, _PEOPLE, _OWNER_KEYS),
        *(_SIGNALS, _APPROVALS, _COMMANDS, _DEALS),
    )
)
