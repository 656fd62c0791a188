drop aggregate sum_clicks (bigint);
drop table total_minute, total_hour, total_day, total_month;
