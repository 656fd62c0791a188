-- The clicks of all banners together by minute, hour, day and month in UTC, of the minutes before roll_up.rolled_until:
-- how many there were in all is read without reading each banner's. Who changes the sums of the banners changes these,
-- too.
create table total_minute (
    minute timestamptz primary key,
    clicks bigint      not null check (clicks > 0)
) with (fillfactor = 70);
insert into total_minute
select minute, sum(clicks) from banner_minute where minute < (select rolled_until from roll_up) group by 1 order by 1;

create table total_hour (
    hour   timestamptz primary key,
    clicks bigint      not null check (clicks > 0)
) with (fillfactor = 70);
insert into total_hour select hour, sum(clicks) from banner_hour group by 1 order by 1;

create table total_day (
    day    timestamptz primary key,
    clicks bigint      not null check (clicks > 0)
) with (fillfactor = 70);
insert into total_day select day, sum(clicks) from banner_day group by 1 order by 1;

create table total_month (
    month  timestamptz primary key,
    clicks bigint      not null check (clicks > 0)
) with (fillfactor = 70);
insert into total_month select month, sum(clicks) from banner_month group by 1 order by 1;

-- The sum as a bigint. PostgreSQL's own sum of them is a numeric, and takes half as long again. Too large a sum is
-- an error.
create aggregate sum_clicks (bigint) (
    sfunc = int8pl,
    stype = bigint,
    combinefunc = int8pl,
    initcond = '0',
    parallel = safe
);
