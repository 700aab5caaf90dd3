-- What comes due, and what became of it.

create table schedules (
    id integer primary key autoincrement,
    person_id bigint not null references persons (id) on delete cascade,
    name text not null,
    -- sealed JSON: the arguments of a script may quote the person
    run blob not null,
    -- JSON
    rule text not null,
    -- the zone in which civil was computed
    zone text not null default 'UTC',
    if_busy text not null default '"queue"',
    -- how many seconds late it may still fire
    late_s bigint not null default 0,
    -- 1: the person chose this time of day
    chosen bigint not null default 0,
    -- goes up whenever the plan is replaced or moved, so that a stale claim is recognised
    version bigint not null default 1,
    -- active | done | cancelled | failed
    state text not null default 'active',
    -- the wall-clock moment of the next firing: the key of its occurrence
    civil text not null,
    -- the instant of the next firing; quiet hours move it and keep civil
    due_at bigint not null,
    -- when to look at it: due_at, or later after a failure or behind an open script
    wake_at bigint not null,
    attempts bigint not null default 0,
    unique (person_id, name)
);

create index schedules_due on schedules (wake_at) where state = 'active';

create table occurrences (
    id integer primary key autoincrement,
    schedule_id bigint not null references schedules (id) on delete cascade,
    person_id bigint not null references persons (id) on delete cascade,
    name text not null,
    civil text not null,
    due_at bigint not null,
    -- fired | queued | skipped_busy | late | quiet | resting | settled | no_consent | no_script | failed
    outcome text not null,
    handled_at bigint not null,
    -- each wall-clock moment of a schedule happens once, wherever its person travels
    unique (schedule_id, civil)
);

create index occurrences_of_person on occurrences (person_id, handled_at);
