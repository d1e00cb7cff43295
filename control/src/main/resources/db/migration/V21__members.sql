-- Members join and leave while their group lives. A row that leaves stays until every node has been told, so that nobody else takes the machine.
alter table protection_group
    add column membership bigint not null default 1; -- rises with every change; nodes refuse older ones
alter table group_machine
    add column standing text not null default 'member' check (standing in ('joining', 'member', 'leaving'));
alter table group_volume
    add column standing    text not null default 'member' check (standing in ('joining', 'member', 'leaving')),
    add column first_point bigint; -- an upper bound of the first point that counts it; null: none does yet
update group_volume set first_point = 0;
alter table group_volume drop constraint group_volume_pkey, add primary key (group_id, volume);
alter table group_source
    add column leaving boolean not null default false; -- none of its volumes is to be a member; it has not been told yet
