-- Long ranges are read from sums by hour, day and month; minutes are kept in a table for each month, so that old ones
-- can be dropped at once.

-- How far minutes are summed up, and from when on they are kept; one row. Who writes counts holds it "for share" in the
-- transaction, who changes it "for update": so both know of each other, and the sums are those of the minutes before
-- rolled_until at every moment.
create table roll_up (
    only_row      boolean     primary key default true check (only_row),
    rolled_until  timestamptz not null,     -- the sums hold the minutes before it, the minutes hold all
    minutes_since timestamptz not null      -- minutes before it were dropped: only the sums hold their clicks
);
insert into roll_up (rolled_until, minutes_since) values ('epoch', 'epoch');

-- Sums by hour, day and month in UTC. The second index is small and finds a stretch of time for all banners: rows are
-- stored nearly in the order of time.
create table banner_hour (
    banner_id bigint      not null,
    hour      timestamptz not null,
    clicks    bigint      not null check (clicks > 0),
    primary key (banner_id, hour)
) with (fillfactor = 70);
create index banner_hour_by_time on banner_hour using brin (hour) with (pages_per_range = 32, autosummarize = on);

create table banner_day (
    banner_id bigint      not null,
    day       timestamptz not null,
    clicks    bigint      not null check (clicks > 0),
    primary key (banner_id, day)
) with (fillfactor = 70);
create index banner_day_by_time on banner_day using brin (day) with (pages_per_range = 32, autosummarize = on);

create table banner_month (
    banner_id bigint      not null,
    month     timestamptz not null,
    clicks    bigint      not null check (clicks > 0),
    primary key (banner_id, month)
) with (fillfactor = 70);
create index banner_month_by_time on banner_month using brin (month) with (pages_per_range = 32, autosummarize = on);

-- The minutes as before, now partitioned.
alter table banner_minute rename to banner_minute_before;
alter index banner_minute_pkey rename to banner_minute_before_pkey;
create table banner_minute (
    banner_id bigint      not null,
    minute    timestamptz not null,     -- start of the minute
    clicks    bigint      not null check (clicks > 0),
    primary key (banner_id, minute)
) partition by range (minute);

create view minute_partition as
select child.oid::regclass as name,
       substring(pg_get_expr(child.relpartbound, child.oid) from 'FROM \(''([^'']+)''\)')::timestamptz as since,
       substring(pg_get_expr(child.relpartbound, child.oid) from 'TO \(''([^'']+)''\)')::timestamptz as before
from pg_inherits
join pg_class child on child.oid = inhrelid
where inhparent = 'banner_minute'::regclass;

-- Makes the partition for the month (in UTC) of a time, unless it is there or its minutes were dropped. Attached, not
-- created as a partition: that locks nobody out. A function of the schema's owner, so that who counts need not own it.
create function add_minute_partition(at timestamptz) returns void
language plpgsql security definer set search_path from current as $$
declare
    month_in_utc timestamp := date_trunc('month', at at time zone 'UTC');
    since        timestamptz := month_in_utc at time zone 'UTC';
    before       timestamptz := (month_in_utc + interval '1 month') at time zone 'UTC';
    name         text := 'banner_minute_' || to_char(month_in_utc, 'YYYY_MM');
begin
    if to_regclass(name) is not null then
        return;
    end if;
    perform from roll_up for update;
    if to_regclass(name) is null and since >= (select minutes_since from roll_up) then
        execute format('create table %I (like banner_minute including all) with (fillfactor = 70)', name);
        execute format('alter table banner_minute attach partition %I for values from (%L) to (%L)', name, since, before);
    end if;
end $$;

-- Drops the partitions that end before a time, as far as they are summed up. Returns how many.
create function drop_minute_partitions(until timestamptz) returns int
language plpgsql security definer set search_path from current as $$
declare
    old     record;
    dropped int := 0;
begin
    perform from roll_up for update;
    for old in
        select name, before from minute_partition
        where before <= least(until, (select rolled_until from roll_up))
        order by before
    loop
        execute format('drop table %s', old.name);
        update roll_up set minutes_since = greatest(minutes_since, old.before);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;

revoke all on function add_minute_partition(timestamptz), drop_minute_partitions(timestamptz) from public;

select add_minute_partition(month)
from (select date_trunc('month', minute, 'UTC') from banner_minute_before
      union select now()
      union select date_trunc('month', now(), 'UTC') + interval '32 days') months (month);
insert into banner_minute select * from banner_minute_before;
drop table banner_minute_before;

-- After the rows, so that it knows them all.
create index banner_minute_by_time on banner_minute using brin (minute) with (autosummarize = on);
