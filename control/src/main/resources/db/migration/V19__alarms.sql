-- Points that grow old raise an alarm long before anybody's objective is broken; so does a journal that fills up.
alter table protection_group
    add column rpo_alarm_millis integer not null default 60000;

create table alarm (
    id text primary key,
    group_id text not null references protection_group (id) on delete cascade,
    about text not null, -- rpo, journal
    text text not null, -- as it was when it began
    since timestamptz not null default now(),
    ended_at timestamptz
);

create unique index alarm_open on alarm (group_id, about) where ended_at is null;
