-- What a point is, beside its writes; and who keeps it from going.
alter table recovery_point
    add column name            text    not null default '', -- a user's word for it
    add column after_sync      boolean not null default false,
    add column protected       boolean not null default false,
    add column pinned_by       text[]  not null default '{}', -- who looks at it now
    add column consistency     text    not null default 'crash' check (consistency in ('crash', 'application')),
    add column taken_by        text    not null default '', -- '' for the periodic ones
    add column freeze_failures text[]  not null default '{}'; -- machine, reason, machine, reason, …
update recovery_point set after_sync = true where tag = 'after-sync';
update recovery_point set name = tag where tag not in ('', 'after-sync');

-- What was asked for with a point that is on its way.
alter table point_order
    add column protected     boolean not null default false,
    add column taken_by      text    not null default '',
    add column freeze_millis integer not null default 0; -- 0: the guests are left alone

-- How long a group's journal keeps what. A group without a row has the usual ladder; a quota that is null follows the size of its volumes.
create table group_retention (
    group_id      text primary key references protection_group on delete cascade,
    until_seconds bigint[] not null,
    every_seconds bigint[] not null,
    quota_bytes   bigint check (quota_bytes > 0)
);

-- What each side last said of itself.
create table group_journal (
    group_id       text primary key references protection_group on delete cascade,
    bytes          bigint not null,
    limit_bytes    bigint not null,
    pinned_bytes   bigint not null,
    full_in_millis bigint, -- null: it does not grow
    pressure       text   not null check (pressure in ('none', 'thinning', 'shortening', 'stopped')),
    cuts_given_up  bigint not null
);
create table group_source_state (
    group_id      text   not null references protection_group on delete cascade,
    node          text   not null references node,
    cuts_given_up bigint not null,
    primary key (group_id, node)
);
alter table group_volume
    add column spool_bytes          bigint not null default 0,
    add column spool_quota_bytes    bigint not null default 0,
    add column copied_in_millis     bigint, -- null: nobody can tell
    add column spool_full_in_millis bigint;
