drop table ninth;
