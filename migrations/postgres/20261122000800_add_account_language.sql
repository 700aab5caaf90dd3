-- The language of a person's chat app, as the platform last told it: an IETF tag, or null. What they chose themselves is a fact.
alter table accounts add column language text;
