create table ninth (number int);
