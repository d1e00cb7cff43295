-- Comparisons of a group's volumes with their replicas, and what they found.
create table verification (
    id              text primary key,
    group_id        text        not null references protection_group on delete cascade,
    repair          boolean     not null,
    started_at      timestamptz not null default now(),
    ended_at        timestamptz, -- null while it runs
    total_bytes     bigint      not null default 0,
    compared_bytes  bigint      not null default 0,
    unknown_bytes   bigint      not null default 0,
    different_bytes bigint      not null default 0,
    different       text        not null default '[]' -- the blocks, the first 1000 of each source
);
create index verification_of_group on verification (group_id, started_at desc);
