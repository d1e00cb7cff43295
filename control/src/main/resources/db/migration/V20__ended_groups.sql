-- Nodes that were told of a group which has ended since. A group that the database does not know may be newer than the database; one that is
-- listed here is not, and whoever still reports it is told that it is over.
create table ended_group (
    group_id   text        not null,
    node       text        not null references node on delete cascade,
    receiver   boolean     not null, -- keeps its journal, and so grants, until every source has been told
    term       bigint      not null,
    ended_at   timestamptz not null default now(),
    told_at    timestamptz, -- null: it has not confirmed it
    primary key (group_id, node)
);
create index ended_group_by_node on ended_group (node);
