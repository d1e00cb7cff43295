-- What a failover gave up: what the receiver knew, and what the source says once it can be read.
create table failover_loss (
    failover        text    not null references failover on delete cascade,
    volume          text    not null,
    writes          bigint  not null, -- that arrived behind the point
    bytes           bigint  not null,
    through         bigint  not null, -- the last number that arrived
    missing_bytes   bigint  not null, -- heard of and not arrived, at most
    complete        boolean not null,
    source_writes   bigint,           -- that did not arrive; null until the source was read
    source_bytes    bigint,
    primary key (failover, volume)
);
