-- Where datastores get their room from. What a node reports of itself is kept beside what it was told.
create table pool (
    id            text primary key,
    name          text        not null unique,
    node          text        not null references node,
    place         text        not null, -- what the node calls it: 'home' for the one in its own home, else the id
    path          text        not null default '',
    sparse        boolean     not null default false, -- for tests: holds no room
    nominal_bytes bigint      not null default 0, -- what a sparse one pretends to have
    state         text        not null default 'making' check (state in ('making', 'ready', 'deleting')),
    free_bytes    bigint,
    fault         text        not null default '',
    created_at    timestamptz not null default now(),
    unique (node, place)
);
insert into pool (id, name, node, place, state) select 'home-' || id, name, id, 'home', 'ready' from node;

-- A datastore without a pool is one of an earlier release: counted, and nothing is held for it.
alter table datastore
    add column pool           text references pool,
    add column state          text   not null default 'ready' check (state in ('making', 'ready', 'deleting')),
    add column thin_bytes     bigint not null default 0,
    add column may_grow_bytes bigint not null default 0,
    add column reserve_bytes  bigint not null default 0,
    add column missing_bytes  bigint not null default 0,
    add column fault          text   not null default '';
alter table volume
    add column thin boolean not null default false;
