-- The texts of scripts, so that whoever is in the middle of one can end in it after it was edited. Nothing here is a person's.

create table script_texts (
    name text collate "C" not null,
    -- the hash of the text
    rev text collate "C" not null,
    body text not null,
    -- 1: it does harm; nobody begins it or goes on in it
    withdrawn bigint not null default 0,
    -- when it was last the present text, in UTC milliseconds
    present_at bigint not null,
    primary key (name, rev)
);

-- Some facts are forgotten after a while; null is kept for ever.
alter table facts add column kept_until bigint;

create index facts_ending on facts (kept_until) where kept_until is not null;
