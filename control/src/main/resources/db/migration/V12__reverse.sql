-- After a commit the group protects its new side towards the old one, whose volumes become the bases of the new history's journal.
alter table failover
    drop constraint failover_state_check,
    add constraint failover_state_check
        check (state in ('running', 'active', 'failed', 'deleting', 'deleted', 'rolling-back', 'rolled-back', 'committing', 'committed', 'reversed'));
alter table protection_group
    drop constraint protection_group_state_check,
    add constraint protection_group_state_check
        check (state in ('making', 'protected', 'failing-over', 'failed-over', 'rolling-back', 'reversing', 'deleting'));
alter table volume
    drop constraint volume_state_check,
    add constraint volume_state_check
        check (state in ('making', 'ready', 'reverting', 'superseded', 'adopted', 'deleting'));
create table group_reversal (
    failover text  primary key references failover on delete cascade,
    lineage  text  not null,
    term     bigint not null,
    fork     bytea, -- as the nodes are told of it; null until it was asked for
    delta    bytea,
    compared text  not null default '' -- why everything is compared
);
