-- When the program last looked at the clock, so that it knows when it was not there. One row.

create table heartbeat (
    id bigint primary key,
    -- UTC milliseconds
    beat_at bigint not null,
    -- the last time that nobody was there; null when there was none
    away_from bigint,
    away_until bigint
);
