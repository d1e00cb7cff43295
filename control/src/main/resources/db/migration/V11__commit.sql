-- A failover that is committed stays; what the journal holds above its point is a branch.
alter table failover
    drop constraint failover_state_check,
    add constraint failover_state_check
        check (state in ('running', 'active', 'failed', 'deleting', 'deleted', 'rolling-back', 'rolled-back', 'committing', 'committed'));
drop index failover_one_live;
create unique index failover_one_live on failover (group_id)
    where kind <> 'test' and state in ('running', 'active', 'rolling-back', 'committing');
alter table recovery_point
    add column branch boolean not null default false; -- above the point that another history went on from: nobody's newest
