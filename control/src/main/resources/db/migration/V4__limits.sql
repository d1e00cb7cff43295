-- How much of its datastore's rate a volume gets: its shares against the others', and a limit of its own (0: none).
alter table volume
    add column shares                 integer not null default 100 check (shares between 1 and 10000),
    add column iops_limit             bigint  not null default 0 check (iops_limit >= 0),
    add column bytes_per_second_limit bigint  not null default 0 check (bytes_per_second_limit >= 0);

-- Whether the ceiling of its class holds, whatever its size (the operator's switch), and from which use on an overcommitted datastore raises the alarm.
alter table datastore
    add column ceiling       boolean not null default false,
    add column alarm_percent integer not null default 80 check (alarm_percent between 1 and 100);
