-- Of each wish there is one point, whoever cut it and however often it was told; and what is known of frozen guests comes after the cut.
alter table recovery_point
    add column order_id text not null default ''; -- of the wish that it was cut for
alter table point_order
    add column freezes        integer not null default 0, -- how often guests were frozen for it
    add column thaw_failures  text[], -- machine, reason, machine, reason, …; null: nobody knows whether the guests were frozen for the cut
    add column frozen_volumes text[] not null default '{}';
