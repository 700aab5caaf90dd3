-- Who of several programs does what only one of them may do: listen to a platform, send to one. Times are those of this
-- database's clock, so that the clocks of the programs' machines make no difference.

create table leases (
    -- poll:telegram, send:telegram, ...
    role text collate "C" primary key,
    -- goes up with every new holder, and when one comes back too late: what was begun under an earlier one counts no more
    epoch bigint not null default 0,
    -- the name of a running program; empty before the first
    holder text not null default '',
    -- until when the holder has it, in UTC milliseconds; 0: nobody
    until bigint not null default 0
);
