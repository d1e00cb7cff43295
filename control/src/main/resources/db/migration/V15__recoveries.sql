-- A volume that was made out of the journal of a group: of which member, at a point (write 0) or at a number of its own (point 0). The group may be
-- gone by now.
alter table volume
    add column origin_group  text not null default '', -- '' = it was not
    add column origin_volume text not null default '',
    add column origin_point  bigint not null default 0,
    add column origin_write  bigint not null default 0;
create index volume_by_origin on volume (origin_group) where origin_group <> '';
