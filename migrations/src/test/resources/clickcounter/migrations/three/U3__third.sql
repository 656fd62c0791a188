do $$ begin perform 1; perform 2; end $$;
drop function third();
