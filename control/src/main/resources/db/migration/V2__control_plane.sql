-- Who may ask.
create table organisation (
    id   text primary key,
    name text not null unique
);
create table tenant (
    id           text primary key,
    organisation text not null references organisation,
    name         text not null,
    unique (organisation, name)
);
create table access_token (
    hash       bytea primary key, -- SHA-256 of a random 256-bit token; the token itself is nowhere
    tenant     text        not null references tenant,
    role       text        not null,
    created_at timestamptz not null default now()
);
create table setting (
    name  text primary key,
    value text not null
);

-- The region.
create table zone (
    id         text primary key,
    created_at timestamptz not null default now()
);
create table join_token (
    hash       bytea primary key,
    zone       text        not null references zone,
    expires_at timestamptz not null,
    used_at    timestamptz
);
create table node (
    id                  text primary key,
    name                text        not null unique,
    zone                text        not null references zone,
    home                text        not null default '',
    pid                 bigint      not null default 0,
    boot_id             text        not null default '',
    process_nonce       text        not null default '',
    replication_address text        not null default '',
    joined_at           timestamptz not null default now(),
    last_seen_at        timestamptz
);

-- Storage.
create table datastore (
    id         text primary key,
    tenant     text        not null references tenant,
    name       text        not null,
    zone       text        not null references zone,
    node       text        not null references node,
    class      text        not null,
    size_bytes bigint      not null check (size_bytes > 0),
    created_at timestamptz not null default now(),
    unique (tenant, name)
);
create table volume (
    id                text primary key,
    tenant            text        not null references tenant,
    name              text        not null,
    datastore         text references datastore, -- none for a view volume
    view              text,
    node              text        not null references node,
    size_bytes        bigint      not null check (size_bytes > 0),
    template          text        not null default '',
    state             text        not null check (state in ('making', 'ready', 'superseded', 'deleting')),
    attachment_number bigint      not null default 0,
    attachment_nonce  text        not null default '',
    holder            text        not null default '', -- the machine that may connect
    created_at        timestamptz not null default now(),
    unique (tenant, name)
);

-- Compute.
create table machine (
    id             text primary key,
    tenant         text        not null references tenant,
    name           text        not null,
    zone           text        not null references zone,
    node           text        not null references node,
    memory_bytes   bigint      not null,
    vcpus          integer     not null,
    template       text        not null,
    user_data      text        not null,
    seeds          text        not null, -- JSON object
    nic            boolean     not null,
    copy_of        text,
    failover       text,
    wanted         text        not null check (wanted in ('running', 'paused', 'stopped', 'deleted')),
    state          text        not null default 'making',
    qemu_pid       bigint      not null default 0,
    serial_log     text        not null default '',
    guest_ready_at timestamptz,
    reason         text        not null default '',
    created_at     timestamptz not null default now(),
    unique (tenant, name)
);
create table machine_disk (
    machine  text    not null references machine on delete cascade,
    position integer not null,
    volume   text    not null unique references volume,
    primary key (machine, position)
);

-- Recovery.
create table protection_group (
    id               text primary key,
    tenant           text        not null references tenant,
    name             text        not null,
    state            text        not null check (state in ('making', 'protected', 'failing-over', 'failed-over', 'deleting')),
    term             bigint      not null,
    stopped          boolean     not null default false, -- a promotion was decided under this term
    promoted         boolean     not null default false, -- and carried out: the source is fenced for good
    lineage          text        not null,
    source_zone      text        not null references zone,
    target_zone      text        not null references zone,
    source_node      text        not null references node,
    receiver_node    text        not null references node,
    interval_millis  bigint      not null,
    granted_boot     text        not null default '',
    bytes_behind     bigint      not null default 0,
    spool_bytes      bigint      not null default 0,
    source_seen_at   timestamptz,
    receiver_seen_at timestamptz,
    created_at       timestamptz not null default now(),
    unique (tenant, name)
);
create table group_machine (
    group_id text not null references protection_group on delete cascade,
    machine  text not null unique references machine,
    primary key (group_id, machine)
);
create table group_volume (
    group_id      text    not null references protection_group on delete cascade,
    position      integer not null,
    volume        text    not null unique references volume,
    state         text,
    reason        text    not null default '',
    since         timestamptz,
    bytes_to_copy bigint  not null default 0,
    primary key (group_id, position)
);
create table recovery_point (
    group_id     text        not null references protection_group on delete cascade,
    number       bigint      not null,
    stamp        timestamptz not null,
    tag          text        not null,
    published_at timestamptz not null,
    primary key (group_id, number)
);
create table point_order (
    id       text primary key,
    group_id text not null references protection_group on delete cascade,
    name     text not null,
    number   bigint
);
create table failover (
    id              text primary key,
    tenant          text        not null references tenant,
    group_id        text        not null references protection_group on delete cascade,
    kind            text        not null check (kind in ('test', 'live')),
    state           text        not null check (state in ('running', 'active', 'failed', 'deleting', 'deleted')),
    operation       text        not null,
    term            bigint      not null,
    point           bigint      not null,
    point_stamp     timestamptz not null,
    point_tag       text        not null,
    point_published timestamptz not null,
    view            text        not null,
    node            text        not null references node,
    decided_at      timestamptz not null,
    released        boolean     not null default false,
    released_vseqs  text        not null default '{}',
    grants_ended_at timestamptz,
    view_open_at    timestamptz,
    started_at      timestamptz,
    guest_ready_at  timestamptz
);
create unique index failover_one_live on failover (group_id) where kind = 'live' and state in ('running', 'active');
create index failover_by_tenant on failover (tenant, decided_at desc);
create table failover_machine (
    failover text not null references failover on delete cascade,
    machine  text not null, -- the original
    copy     text not null, -- what runs: the same in a live failover
    primary key (failover, machine)
);
create table failover_volume (
    failover         text    not null references failover on delete cascade,
    volume           text    not null, -- the original
    view_volume      text    not null,
    copy             text    not null, -- the machine that holds it
    position         integer not null, -- among that machine's disks
    attachment_nonce text    not null,
    primary key (failover, volume)
);
