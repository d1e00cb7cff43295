-- How a reversal stands. One that was refused can be tried again, with what was heard, or given up, and then nothing of it is left.
alter table group_reversal
    add column state  text not null default 'running' check (state in ('running', 'refused', 'giving-up', 'reversed')),
    add column reason text not null default '', -- what was in the way last
    add column since  timestamptz not null default now();
update group_reversal set state = case failover.state when 'reversed' then 'reversed' else 'refused' end
    from failover where failover.id = group_reversal.failover
        and not exists (select from protection_group where id = failover.group_id and state = 'reversing');
