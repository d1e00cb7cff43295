-- A group that is made waits until its volumes' former groups have let go of them, and for no other group's end.
alter table ended_group
    add column volumes text[]; -- at a source, that it held there; null where nobody knows: it may have been any
-- Sources that have not confirmed it are looked for at each report.
create index ended_group_untold on ended_group (node) where told_at is null;
