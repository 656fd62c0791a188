-- The clicks of minutes that were dropped after STATS_RETENTION_MINUTES are lost with the sums.
create table banner_minute_before (
    banner_id bigint      not null,
    minute    timestamptz not null,
    clicks    bigint      not null check (clicks > 0)
) with (fillfactor = 70);
insert into banner_minute_before select * from banner_minute;
drop function add_minute_partition(timestamptz);
drop function drop_minute_partitions(timestamptz);
drop view minute_partition;
drop table banner_minute, banner_hour, banner_day, banner_month, roll_up;
alter table banner_minute_before rename to banner_minute;
alter table banner_minute add primary key (banner_id, minute);
