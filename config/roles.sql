-- Database roles that may do what their process does, and nothing more. The owner of the schema, who also runs
-- ./migrate.sh, runs this in the database of Click Counter after each migration:
--
--   psql "$OWNER_URL" --file config/roles.sql
--   psql "$OWNER_URL" --command '\password clickcounter_aggregator' --command '\password clickcounter_query'
--
-- Then give each process its own DATABASE_URL; ingest needs none. Only the owner may run ./migrate.sh,
-- ./run.sh audit --repair, and ./run.sh replay where it empties the database.

do $$
declare
    name text;
begin
    foreach name in array array['clickcounter_aggregator', 'clickcounter_query'] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I login noinherit', name);
        end if;
        execute format('grant connect on database %I to %I', current_database(), name);
        execute format('grant usage on schema %I to %I', current_schema(), name);
        execute format('grant select on all tables in schema %I to %I', current_schema(), name);
    end loop;

    -- Counts only grow and positions only move, so neither delete nor truncate is granted.
    for name in
        select tablename from pg_tables
        where schemaname = current_schema() and tablename <> 'flyway_schema_history'
    loop
        execute format('grant insert, update on table %I to clickcounter_aggregator', name);
    end loop;
    execute format('grant execute on all functions in schema %I to clickcounter_aggregator', current_schema());

    -- Other roles that may log in to the server get no access to this database.
    execute format('revoke all on database %I from public', current_database());
    execute format('revoke create on schema %I from public', current_schema());
end $$;
