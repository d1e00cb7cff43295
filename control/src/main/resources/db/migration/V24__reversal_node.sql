-- Of an old side of several nodes one keeps the journal. It adopts the volumes that lie on it; those of the others travel whole.
alter table group_reversal
    add column node  text,
    add column whole text[] not null default '{}'; -- old volumes that are not adopted
update group_reversal set node = (select node from failover_source where failover_source.failover = group_reversal.failover order by node limit 1);
alter table group_reversal alter column node set not null;
