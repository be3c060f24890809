-- Names and definitions of everything in one schema. Names of the schema and of roles are left
-- out, because they are the operator's choice: search_path holds the schema, so whatever can be
-- printed without it is; a blind replace would also eat settings such as reeve.system.
WITH ours AS (
  SELECT c.oid, c.relname, c.relowner, c.relkind, c.relrowsecurity, c.relforcerowsecurity
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'S', 'p')
     AND c.relname <> '__diesel_schema_migrations'
)
SELECT 'table ' || relname AS name,
       'kind ' || relkind::text || CASE WHEN relrowsecurity THEN ', row security' ELSE '' END
         || CASE WHEN relforcerowsecurity THEN ', forced' ELSE '' END AS definition
  FROM ours
UNION ALL
SELECT 'column ' || o.relname || '.' || a.attname,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
         || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL
SELECT 'constraint ' || o.relname || '.' || k.conname,
       pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated THEN '' ELSE ' not validated' END
         || CASE WHEN EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgconstraint = k.oid
                                 AND t.tgenabled NOT IN ('O', 'A')) THEN ' disabled' ELSE '' END
  FROM ours o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
UNION ALL
SELECT 'index ' || i.relname,
       pg_get_indexdef(i.oid, 0, true) || CASE WHEN x.indisvalid THEN '' ELSE ' invalid' END
  FROM ours o JOIN pg_index x ON x.indrelid = o.oid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL
SELECT 'trigger ' || o.relname || '.' || t.tgname,
       pg_get_triggerdef(t.oid, true) || ' enabled ' || t.tgenabled::text
  FROM ours o JOIN pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal
UNION ALL
SELECT 'policy ' || o.relname || '.' || p.polname,
       CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END || ' for ' || p.polcmd::text
         || CASE WHEN p.polroles = '{0}' THEN ' to public'
                 WHEN p.polroles = ARRAY[o.relowner] THEN ' to the owner' ELSE ' to others' END
         || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '')
         || coalesce(' check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
  FROM ours o JOIN pg_policy p ON p.polrelid = o.oid
UNION ALL
SELECT 'function ' || f.proname,
       CASE WHEN f.prosecdef THEN 'security definer' ELSE 'security invoker' END
         || coalesce(' ' || replace(array_to_string(f.proconfig, ' '),
              'search_path=' || quote_ident($1) || ',', 'search_path=SCHEMA,'), '')
         || ' body ' || md5(f.prosrc)
  FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace WHERE n.nspname = $1
