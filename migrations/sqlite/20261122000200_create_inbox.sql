-- What platforms handed over, stored before it is confirmed to them. The key stays so that a repeated event is recognised;
-- the text goes as soon as the event was handled.

create table inbox (
    id integer primary key autoincrement,
    platform text not null,
    bot text not null default '',
    -- the platform's id of the event
    ext_id text not null,
    -- sealed; null once the row is done or dead
    raw blob,
    received_at bigint not null,
    -- new | done | dead
    state text not null default 'new',
    attempts bigint not null default 0,
    -- not before this
    wake_at bigint not null default 0,
    -- a fixed word, never a text
    error text,
    unique (platform, bot, ext_id)
);

create index inbox_new on inbox (id) where state = 'new';
