-- A function body holds semicolons that end no statement.
create function third() returns int language plpgsql as $$ begin perform 1; return 3; end $$;
