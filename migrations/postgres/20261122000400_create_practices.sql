-- What people keep here.

create table promises (
    person_id bigint not null references persons (id) on delete cascade,
    id text collate "C" not null,
    body bytea not null,
    counterpart bytea not null,
    due_at bigint not null,
    -- open | kept | late | told_ahead | repaired | released | missed
    standing text not null default 'open',
    made_at bigint not null,
    settled_at bigint,
    primary key (person_id, id)
);

create index promises_open on promises (person_id, due_at) where standing = 'open';

create table entries (
    person_id bigint not null references persons (id) on delete cascade,
    id text collate "C" not null,
    -- check-in, apology, ...: the script's word
    kind text not null,
    title bytea not null,
    body bytea not null,
    written_at bigint not null,
    primary key (person_id, id)
);

-- One for each day of the person's own calendar (2026-11-22).
create table checkins (
    person_id bigint not null references persons (id) on delete cascade,
    day text collate "C" not null,
    id text collate "C" not null,
    mood bigint,
    feeling bytea,
    note bytea,
    primary key (person_id, day)
);

-- Somebody came back after a gap.
create table returns (
    person_id bigint not null references persons (id) on delete cascade,
    id text collate "C" not null,
    day text collate "C" not null,
    away_days bigint not null,
    primary key (person_id, id)
);
