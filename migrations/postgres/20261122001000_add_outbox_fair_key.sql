-- Where a message stands among those of its priority: answers in the order they came, everything else by the minute in which it
-- is due and inside that in an order of the day. Priority 0 is help for somebody who may be in danger, 4 what is late.
alter table outbox add column fair_key bigint not null default 0;

drop index outbox_waiting;
create index outbox_waiting on outbox (platform, priority, fair_key, id) where state = 'pending';
