-- A failover that is not committed can be taken back: the machines go to the old volumes again.
alter table failover
    drop constraint failover_state_check,
    add constraint failover_state_check check (state in ('running', 'active', 'failed', 'deleting', 'deleted', 'rolling-back', 'rolled-back'));
drop index failover_one_live;
create unique index failover_one_live on failover (group_id) where kind <> 'test' and state in ('running', 'active', 'rolling-back');
alter table protection_group
    drop constraint protection_group_state_check,
    add constraint protection_group_state_check
        check (state in ('making', 'protected', 'failing-over', 'failed-over', 'rolling-back', 'deleting'));
