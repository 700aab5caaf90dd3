-- Messages on their way out. A row is claimed (sending) before the call and settled after it.

create table outbox (
    id integer primary key autoincrement,
    person_id bigint not null references persons (id) on delete cascade,
    -- rows of one account go out one after the other, in the order of their ids: all of them go to its private chat
    account_id bigint not null references accounts (id) on delete cascade,
    platform text not null,
    -- the platform's id of the private chat; null when the account's home place is to be used
    place text,
    -- sealed: what the platform needs to answer exactly one event
    reply blob,
    -- 1 reply, 2 reminder, 3 nudge
    priority bigint not null default 1,
    -- reply | reminder | nudge
    purpose text not null,
    due_at bigint not null,
    not_before bigint not null default 0,
    expires_at bigint,
    -- pending | sending | sent | dead | unknown
    state text not null default 'pending',
    attempts bigint not null default 0,
    -- the first attempt that may have arrived
    first_attempt_at bigint,
    -- how many attempts ended without it being clear whether the message arrived
    unclear bigint not null default 0,
    attempt_id text,
    lease_until bigint,
    worker text,
    -- sealed JSON; null once the row is settled
    body blob,
    -- of the event or the firing, so that one of them is answered once
    dedupe_key text not null unique,
    ext_message_id text,
    -- a fixed word, never a text
    error text,
    silent bigint not null default 0,
    created_at bigint not null,
    sent_at bigint
);

create index outbox_waiting on outbox (platform, priority, due_at, id) where state = 'pending';
create index outbox_retries on outbox (platform, not_before) where state = 'pending';
create index outbox_expiring on outbox (expires_at) where state = 'pending';
create index outbox_lanes on outbox (account_id, id) where state in ('pending', 'sending');
create index outbox_sending on outbox (id) where state = 'sending';
