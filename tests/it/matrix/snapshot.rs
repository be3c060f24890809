//! All rows of a database, to see whether anything has changed.

use crate::support::{Backend, Server};
use std::collections::BTreeSet;

/// Attempts are counted whatever becomes of them.
const NOT_LOOKED_AT: &[&str] = &["throttle", "reeve_migrations", "__diesel_schema_migrations"];
/// When something was used last is no change.
const NOT_COMPARED: &[&str] = &["last_used_time"];

pub struct Snapshot(BTreeSet<String>);

impl Server {
    /// The query that gives each row of each table as one text.
    pub async fn rows_query(&self) -> String {
        let columns = match self.backend {
            Backend::Postgres => {
                "SELECT table_name || '.' || column_name AS value FROM information_schema.columns \
                 WHERE table_schema = 'reeve' ORDER BY table_name, ordinal_position"
            }
            Backend::Sqlite => {
                "SELECT m.name || '.' || c.name AS value FROM sqlite_master AS m, \
                 pragma_table_info(m.name) AS c WHERE m.type = 'table' ORDER BY m.name, c.cid"
            }
        };
        let mut tables: Vec<(String, Vec<String>)> = Vec::new();
        for name in self.texts(columns).await {
            let (table, column) = name.split_once('.').unwrap();
            if tables.last().is_none_or(|(last, _)| last != table) {
                tables.push((table.to_owned(), Vec::new()));
            }
            if !NOT_COMPARED.contains(&column) {
                tables.last_mut().unwrap().1.push(column.to_owned());
            }
        }
        tables.retain(|(table, _)| !NOT_LOOKED_AT.contains(&table.as_str()));
        assert!(tables.len() > 10, "{tables:?}");
        let one = |(table, columns): &(String, Vec<String>)| {
            let shown = columns.iter().map(|column| match self.backend {
                Backend::Postgres => format!("coalesce({column}::text, '-')"),
                Backend::Sqlite => format!("quote({column})"),
            });
            let shown: Vec<String> = shown.collect();
            format!("SELECT '{table} ' || {} AS value FROM {table}", shown.join(" || ' ' || "))
        };
        tables.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ")
    }

    /// Every row there is, once no mail waits to be sent.
    pub async fn snapshot(&self, rows_query: &str) -> Snapshot {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
        while self.count("mail_outbox WHERE state = 'pending'").await > 0 {
            assert!(tokio::time::Instant::now() < deadline, "mail is not sent");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        Snapshot(self.texts(rows_query).await.into_iter().collect())
    }
}

impl Snapshot {
    /// Tables whose rows differ.
    pub fn changed(&self, now: &Self) -> BTreeSet<String> {
        self.0.symmetric_difference(&now.0).map(|row| table_of(row)).collect()
    }

    /// Tables of which rows that name this id differ.
    pub fn changed_with(&self, now: &Self, id: &str) -> BTreeSet<String> {
        let id = id.replace('-', "");
        let named = |row: &&String| row.replace('-', "").to_lowercase().contains(&id);
        self.0.symmetric_difference(&now.0).filter(named).map(|row| table_of(row)).collect()
    }
}

fn table_of(row: &str) -> String {
    row.split(' ').next().unwrap().to_owned()
}
