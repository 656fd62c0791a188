create table second (id int);
insert into second values (1), (2);
