-- Where everybody stands in their scripts, and what is known of them for longer.

create table states (
    person_id bigint primary key references persons (id) on delete cascade,
    -- which version of the program's state format the body has
    format bigint not null default 1,
    -- sealed JSON
    body bytea not null,
    updated_at bigint not null
);

create table facts (
    person_id bigint not null references persons (id) on delete cascade,
    name text collate "C" not null,
    -- sealed JSON
    value bytea not null,
    primary key (person_id, name)
);
