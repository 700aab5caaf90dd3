-- Who is here. Nothing but what is needed to answer: no names, no pictures, no phone numbers.
-- All times are UTC milliseconds since 1970, all flags 0 or 1. Columns of type blob hold text sealed by the vault.

create table persons (
    id integer primary key autoincrement,
    created_at bigint not null
);

create table accounts (
    id integer primary key autoincrement,
    person_id bigint not null references persons (id) on delete cascade,
    platform text not null,
    -- the platform's id of the account
    ext_id text not null,
    -- the platform's id of the private chat, once known
    home_place text,
    -- active | gone (blocked the bot or left)
    state text not null default 'active',
    gone_at bigint,
    last_used_at bigint not null default 0,
    unique (platform, ext_id)
);

create index accounts_of_person on accounts (person_id, state, last_used_at);
