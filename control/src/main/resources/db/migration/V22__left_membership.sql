-- A node that left a group which goes on may have come back since, and a database that is put back may know of the leaving alone. So what a node is
-- told names the number of the first members without it: one that was told of later ones is a member again.
alter table ended_group
    add column left_membership bigint not null default 0; -- 0: the group itself is over
update ended_group set left_membership = protection_group.membership
    from protection_group where protection_group.id = ended_group.group_id and not ended_group.receiver;
