-- What people keep here.

create table promises (
    person_id bigint not null references persons (id) on delete cascade,
    id text not null,
    body blob not null,
    counterpart blob not null,
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
    id text not null,
    -- check-in, apology, ...: the script's word
    kind text not null,
    title blob not null,
    body blob not null,
    written_at bigint not null,
    primary key (person_id, id)
);

-- One for each day of the person's own calendar (2026-11-22).
create table checkins (
    person_id bigint not null references persons (id) on delete cascade,
    day text not null,
    id text not null,
    mood bigint,
    feeling blob,
    note blob,
    primary key (person_id, day)
);

-- Somebody came back after a gap.
create table returns (
    person_id bigint not null references persons (id) on delete cascade,
    id text not null,
    day text not null,
    away_days bigint not null,
    primary key (person_id, id)
);
