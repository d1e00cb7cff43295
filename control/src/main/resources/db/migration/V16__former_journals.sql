-- A journal that another history of its group went on from. It stays on its node, with its points and its branch, until somebody gives it up.
create table former_journal (
    group_id text        not null references protection_group on delete cascade,
    node     text        not null references node,
    lineage  text        not null,
    point    bigint      not null, -- that the other history went on from
    since    timestamptz not null default now(),
    primary key (group_id, lineage)
);
