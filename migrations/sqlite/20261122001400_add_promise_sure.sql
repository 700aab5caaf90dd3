-- How sure somebody was of a promise when they made it, from 0 to 10; empty when they did not say (2026-11-22).
alter table promises add column sure bigint;
