-- Days of promises, on the person's own calendar as it was then (2026-11-22). Those made before this are counted by UTC.
alter table promises add column made_day text collate "C" not null default '';
alter table promises add column due_day text collate "C" not null default '';
alter table promises add column settled_day text collate "C";

update promises set made_day = to_char(to_timestamp(made_at / 1000) at time zone 'UTC', 'YYYY-MM-DD'), due_day = to_char(to_timestamp(due_at / 1000) at time zone 'UTC', 'YYYY-MM-DD'), settled_day = to_char(to_timestamp(settled_at / 1000) at time zone 'UTC', 'YYYY-MM-DD');

-- Something a person did that is counted.
create table deeds (
    person_id bigint not null references persons (id) on delete cascade,
    id text collate "C" not null,
    -- urge_waited, slip, ...: the words of practice::deed::Kind
    kind text not null,
    day text collate "C" not null,
    at bigint not null,
    -- minutes, where there are any
    amount bigint,
    -- what it was about, sealed
    about bytea,
    primary key (person_id, id)
);
