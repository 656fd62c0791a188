create table second (id int);
insert into second values ('one');
