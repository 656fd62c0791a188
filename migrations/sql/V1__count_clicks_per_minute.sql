-- How far this view of the click log has come: one row for each log.
create table click_log (
    log_id     uuid        primary key,
    epoch      bigint      not null,    -- raised by each aggregator that takes the log over; older ones then fail
    flush      bigint      not null,    -- number of the last flush; tells the outcome of a commit without an answer
    last_index bigint,                  -- last click that is counted; null before the first
    updated_at timestamptz not null
);

-- The counts. The key begins with the banner: a read scans one banner's minutes, and a distributed database can
-- distribute by banner; for the same reason there are no foreign keys. A row is updated each second while its minute
-- lasts: the fill factor leaves room for the new version in the same page, so that no index is touched.
create table banner_minute (
    banner_id bigint      not null,
    minute    timestamptz not null,     -- start of the minute
    clicks    bigint      not null check (clicks > 0),
    primary key (banner_id, minute)
) with (fillfactor = 70);
