-- The volumes of a group may live on several nodes: each of them is a source, with its own boot, its own reports and its own release.
create table group_source (
    group_id     text   not null references protection_group on delete cascade,
    node         text   not null references node,
    granted_boot text   not null default '', -- the boot that the control plane granted to last
    bytes_behind bigint not null default 0,
    spool_bytes  bigint not null default 0,
    makes_cuts   boolean not null default false,
    seen_at      timestamptz,
    primary key (group_id, node)
);
insert into group_source (group_id, node, granted_boot, bytes_behind, spool_bytes, seen_at)
    select id, source_node, granted_boot, bytes_behind, spool_bytes, source_seen_at from protection_group;

create table failover_source (
    failover text    not null references failover on delete cascade,
    node     text    not null references node,
    released boolean not null default false,
    vseqs    text    not null default '{}', -- the last number of each of its volumes, when it released
    primary key (failover, node)
);
-- Only a live one asks for a release.
insert into failover_source (failover, node, released, vseqs)
    select failover.id, protection_group.source_node, failover.released, failover.released_vseqs
    from failover join protection_group on protection_group.id = failover.group_id where failover.kind = 'live';

alter table protection_group
    drop column source_node,
    drop column granted_boot,
    drop column bytes_behind,
    drop column spool_bytes,
    drop column source_seen_at;
alter table failover
    drop column released,
    drop column released_vseqs;
