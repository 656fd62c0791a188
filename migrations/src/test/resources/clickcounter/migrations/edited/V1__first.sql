create table first (id bigint);
