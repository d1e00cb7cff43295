-- A move is a failover that nothing is lost by: the machines are stopped first, and the point is their last one.
alter table failover
    drop constraint failover_kind_check,
    add constraint failover_kind_check check (kind in ('test', 'live', 'move')),
    add column drained_at   timestamptz, -- of a move: when its last point was published
    add column nothing_lost boolean not null default false; -- of a move: what was released is what the point holds
drop index failover_one_live;
create unique index failover_one_live on failover (group_id) where kind <> 'test' and state in ('running', 'active');
alter table failover_machine
    add column stopped text check (stopped in ('off', 'guest', 'power')); -- of a move: how the machine came to its end
