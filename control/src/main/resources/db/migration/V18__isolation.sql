-- What the sources of a group do while they hear neither grantor. What may be is written before any side is told, and taken away once
-- every source has said that it knows better.
alter table protection_group
    add column isolation_version bigint not null default 0,
    add column goes_on boolean not null default false, -- wanted
    add column may_go_on boolean not null default false, -- some source may do so
    add column receiver_isolation bigint not null default 0; -- the version that the receiver has

alter table group_source
    add column isolation_version bigint not null default 0,
    add column alone boolean not null default false;

-- What persons gave their word for. Kept when the group goes.
create table spoken_word (
    id text primary key,
    tenant text not null references tenant (id),
    group_id text, -- null: of the whole region
    failover text,
    about text not null, -- source-off, receiver-lost, control-off
    word text not null,
    said_by text not null, -- the role
    said_at timestamptz not null default now()
);

create index spoken_word_by_group on spoken_word (group_id, said_at);
