-- With which zone data civil was mapped to due_at: empty for rows from before. Another one maps what is still to come anew.

alter table schedules add column tzdb text not null default '';
