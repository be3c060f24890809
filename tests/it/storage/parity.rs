//! Both databases hold the same tables, columns, keys and indexes.

use crate::support::{Backend, Server};

/// One line for each fact, named alike on both.
struct Facts {
    postgres: &'static str,
    sqlite: &'static str,
}

const COLUMNS: Facts = Facts {
    postgres: "SELECT c.relname || ' ' || row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) \
        || ' ' || a.attname || ' ' || CASE format_type(a.atttypid, a.atttypmod) \
            WHEN 'uuid' THEN 'BLOB' WHEN 'bytea' THEN 'BLOB' \
            WHEN 'text' THEN 'TEXT' WHEN 'jsonb' THEN 'TEXT' \
            WHEN 'timestamp with time zone' THEN 'INTEGER' WHEN 'boolean' THEN 'INTEGER' \
            WHEN 'bigint' THEN 'INTEGER' WHEN 'integer' THEN 'INTEGER' WHEN 'smallint' THEN 'INTEGER' \
            ELSE 'unmapped ' || format_type(a.atttypid, a.atttypmod) END \
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END \
        || CASE WHEN a.atthasdef THEN ' default' ELSE '' END AS value \
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
        WHERE c.relnamespace = 'reeve'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped \
        AND c.relname <> '__diesel_schema_migrations'",
    sqlite: "SELECT t.name || ' ' || (c.cid + 1) || ' ' || c.name || ' ' || c.type \
        || CASE WHEN c.\"notnull\" THEN ' not null' ELSE '' END \
        || CASE WHEN c.dflt_value IS NULL THEN '' ELSE ' default' END AS value \
        FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
        WHERE t.type = 'table' AND t.name <> '__diesel_schema_migrations'",
};

/// Indexes that migrations name, with what they hold and whether they are unique or partial.
const INDEXES: Facts = Facts {
    postgres: "SELECT t.relname || ' ' || i.relname || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.n) \
            FROM unnest(x.indkey::int2[]) WITH ORDINALITY k (attnum, n) \
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')' \
        || CASE WHEN x.indisunique THEN ' unique' ELSE '' END \
        || CASE WHEN x.indpred IS NULL THEN '' ELSE ' partial' END AS value \
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
        WHERE t.relnamespace = 'reeve'::regnamespace \
        AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u'))",
    sqlite: "SELECT t.name || ' ' || i.name || ' (' || (SELECT group_concat(name, ', ') \
            FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')' \
        || CASE WHEN i.\"unique\" THEN ' unique' ELSE '' END \
        || CASE WHEN i.partial THEN ' partial' ELSE '' END AS value \
        FROM sqlite_schema t JOIN pragma_index_list(t.name) i \
        WHERE t.type = 'table' AND i.origin = 'c'",
};

/// What makes an index partial, as PostgreSQL and SQLite write it, without their punctuation.
const PREDICATES: Facts = Facts {
    postgres: "SELECT i.relname || ' ' || regexp_replace(pg_get_expr(x.indpred, x.indrelid), '[()]|::text', '', 'g') \
        AS value FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid \
        WHERE i.relnamespace = 'reeve'::regnamespace AND x.indpred IS NOT NULL",
    sqlite: "SELECT name || ' ' || substr(sql, instr(sql, ' WHERE ') + 7) AS value FROM sqlite_schema \
        WHERE type = 'index' AND sql LIKE '% WHERE %'",
};

/// Columns of primary and unique keys.
const KEYS: Facts = Facts {
    postgres: "SELECT t.relname || CASE k.contype WHEN 'p' THEN ' primary (' ELSE ' unique (' END \
        || (SELECT string_agg(a.attname, ', ' ORDER BY c.n) FROM unnest(k.conkey) WITH ORDINALITY c (attnum, n) \
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.attnum) || ')' AS value \
        FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
        WHERE t.relnamespace = 'reeve'::regnamespace AND k.contype IN ('p', 'u') \
        AND t.relname <> '__diesel_schema_migrations'",
    sqlite: "SELECT t.name || ' primary (' || (SELECT group_concat(name, ', ') \
            FROM (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk)) || ')' AS value \
        FROM sqlite_schema t WHERE t.type = 'table' AND t.name <> '__diesel_schema_migrations' \
        UNION ALL SELECT t.name || ' unique (' || (SELECT group_concat(name, ', ') \
            FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')' \
        FROM sqlite_schema t JOIN pragma_index_list(t.name) i \
        WHERE t.type = 'table' AND i.origin = 'u' AND t.name <> '__diesel_schema_migrations'",
};

const REFERENCES: Facts = Facts {
    postgres: "SELECT t.relname || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY c.n) \
            FROM unnest(k.conkey) WITH ORDINALITY c (attnum, n) \
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.attnum) \
        || ') to ' || k.confrelid::regclass || ' on delete ' || CASE k.confdeltype \
            WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' ELSE 'other' END AS value \
        FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
        WHERE t.relnamespace = 'reeve'::regnamespace AND k.contype = 'f'",
    sqlite: "SELECT t.name || ' (' || (SELECT group_concat(\"from\", ', ') FROM (SELECT \"from\" \
            FROM pragma_foreign_key_list(t.name) WHERE id = f.id ORDER BY seq)) \
        || ') to ' || f.\"table\" || ' on delete ' || f.on_delete AS value \
        FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f ON f.seq = 0 WHERE t.type = 'table'",
};

async fn facts(server: &Server, facts: &Facts) -> Vec<String> {
    let sql = match server.backend {
        Backend::Postgres => facts.postgres,
        Backend::Sqlite => facts.sqlite,
    };
    let mut lines = server.texts(sql).await;
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_hold_the_same() {
    let postgres = Server::start(Backend::Postgres).await;
    let sqlite = Server::start(Backend::Sqlite).await;
    for (name, asked, at_least) in [
        ("columns", &COLUMNS, 90),
        ("indexes", &INDEXES, 8),
        ("predicates", &PREDICATES, 4),
        ("keys", &KEYS, 15),
        ("references", &REFERENCES, 7),
    ] {
        let (left, right) = (facts(&postgres, asked).await, facts(&sqlite, asked).await);
        let differ = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|line| !other.contains(line)).cloned().collect()
        };
        let only = (differ(&left, &right), differ(&right, &left));
        assert!(left == right, "{name}: only PostgreSQL {:#?}, only SQLite {:#?}", only.0, only.1);
        assert!(left.len() >= at_least, "{name}: {left:#?}");
    }
}
