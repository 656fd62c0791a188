drop table banner_minute;
drop table click_log;
