-- What the streams of a group may take of the links between its zones.
alter table protection_group
    add column stream_bytes_per_second bigint not null default 0; -- 0: no limit
