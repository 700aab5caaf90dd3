-- Days of promises, on the person's own calendar as it was then (2026-11-22). Those made before this are counted by UTC.
alter table promises add column made_day text not null default '';
alter table promises add column due_day text not null default '';
alter table promises add column settled_day text;

update promises set made_day = strftime('%Y-%m-%d', made_at / 1000, 'unixepoch'), due_day = strftime('%Y-%m-%d', due_at / 1000, 'unixepoch'), settled_day = strftime('%Y-%m-%d', settled_at / 1000, 'unixepoch');

-- Something a person did that is counted.
create table deeds (
    person_id bigint not null references persons (id) on delete cascade,
    id text not null,
    -- urge_waited, slip, ...: the words of practice::deed::Kind
    kind text not null,
    day text not null,
    at bigint not null,
    -- minutes, where there are any
    amount bigint,
    -- what it was about, sealed
    about blob,
    primary key (person_id, id)
);
