-- A snapshot's row says that it was wished for, and under which name. Everything else about it is asked of the node.
create table snapshot (
    id         text primary key,
    volume     text        not null references volume on delete cascade,
    name       text        not null,
    state      text        not null default 'making' check (state in ('making', 'ready', 'deleting')),
    created_at timestamptz not null default now(),
    unique (volume, name)
);

alter table volume drop constraint volume_state_check;
alter table volume
    add constraint volume_state_check check (state in ('making', 'ready', 'reverting', 'superseded', 'deleting')),
    add column snapshot_bytes         bigint not null default 0,  -- of saved data, as the node last told
    add column hydration              text   not null default '', -- what its copying does; '' = it never had a source, or nobody knows yet
    add column hydration_done_bytes   bigint not null default 0,
    add column hydration_seconds_left bigint not null default -1,
    add column hydration_trouble      text   not null default '',
    add column hydration_rate         bigint not null default 0; -- bytes per second that were asked for, 0 = as fast as it goes

alter table datastore
    add column snapshot_bytes bigint not null default 0; -- kept for snapshots of its volumes, as the node last told
