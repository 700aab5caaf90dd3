-- Who of several programs does what only one of them may do. Stays empty here: one program has the whole file. It is here so that
-- both databases have the same tables.

create table leases (
    role text primary key,
    epoch bigint not null default 0,
    holder text not null default '',
    until bigint not null default 0
);
