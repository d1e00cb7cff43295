-- Durable operations: what was asked for, how far it is, and who carries it out.

create table op (
    id              text primary key,
    tenant          text        not null,
    kind            text        not null,
    target          text        not null,
    idempotency_key text        not null,
    fingerprint     text        not null,
    input           text        not null, -- JSON of the workflow's input; holds every id, chosen before the first step
    state           text        not null check (state in ('running', 'undoing', 'succeeded', 'failed')),
    change          bigint      not null default 1, -- rises with every visible change
    runner          text        not null default '', -- the run that may write; a newer one shuts an older one out
    created_at      timestamptz not null default now(),
    ended_at        timestamptz,
    fault_cause     text,
    fault_message   text,
    fault_remedy    text,
    unique (tenant, idempotency_key)
);
create index op_by_tenant on op (tenant, created_at desc, id);
create index op_by_target on op (target);

create table op_step (
    op         text        not null references op on delete cascade,
    seq        integer     not null,
    name       text        not null,
    state      text        not null check (state in ('waiting', 'running', 'done', 'failed', 'undone')),
    attempts   integer     not null default 0,
    started_at timestamptz,
    ended_at   timestamptz,
    note       text,
    primary key (op, seq)
);

-- db-scheduler's own table, in its shape.
create table scheduled_tasks (
    task_name            text        not null,
    task_instance        text        not null,
    task_data            bytea,
    execution_time       timestamptz not null,
    picked               boolean     not null,
    picked_by            text,
    last_success         timestamptz,
    last_failure         timestamptz,
    consecutive_failures integer,
    last_heartbeat       timestamptz,
    version              bigint      not null,
    priority             smallint,
    state                text,
    primary key (task_name, task_instance)
);
create index scheduled_tasks_by_time on scheduled_tasks (execution_time);
create index scheduled_tasks_by_heartbeat on scheduled_tasks (last_heartbeat);
