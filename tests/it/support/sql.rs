//! Plain SQL beside the server, as another program would write it.

use super::{Backend, Server, postgres};
use diesel::{Connection as _, RunQueryDsl as _, connection::SimpleConnection as _};

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    value: i64,
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

impl Server {
    /// An identifier as a literal of the database at hand.
    pub fn literal(&self, id: &str) -> String {
        match self.backend {
            Backend::Postgres => format!("'{id}'"),
            Backend::Sqlite => format!("X'{}'", id.replace('-', "")),
        }
    }

    /// The expression for a time that lies `seconds` ahead.
    pub fn time_ahead(&self, seconds: i64) -> String {
        match self.backend {
            Backend::Postgres => format!("now() + interval '{seconds} seconds'"),
            Backend::Sqlite => {
                format!("CAST((unixepoch('subsec') + {seconds}) * 1000000 AS INTEGER)")
            }
        }
    }

    /// A column moved by `seconds`, for instance back in time.
    pub fn shifted(&self, column: &str, seconds: i64) -> String {
        match self.backend {
            Backend::Postgres => format!("{column} + interval '{seconds} seconds'"),
            Backend::Sqlite => format!("{column} + {seconds} * 1000000"),
        }
    }

    /// Runs statements with the owner's rights.
    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub async fn try_execute(&self, sql: &str) -> Result<(), String> {
        match &self.database {
            Some(database) => as_role(&database.url(postgres::OWNER), sql).await,
            None => self.lite().batch_execute(sql).map_err(|error| error.to_string()),
        }
    }

    /// The number that a query gives in the column `value`.
    pub async fn number(&self, sql: &str) -> i64 {
        match &self.database {
            Some(database) => {
                let (client, _task) = postgres::connect(&database.url(postgres::OWNER)).await;
                client.batch_execute(SETUP).await.unwrap();
                client.query_one(sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
            }
            None => diesel::sql_query(sql).get_result::<Number>(&mut self.lite()).unwrap().value,
        }
    }

    /// The text that a query gives in the column `value`; `{id}` in it stands for the column of
    /// that name as hexadecimal digits or as a UUID.
    pub async fn text(&self, sql: &str, id: &str) -> String {
        let Some(database) = &self.database else {
            let sql = sql.replace("{id}", &format!("lower(hex({id}))"));
            return diesel::sql_query(sql).get_result::<Line>(&mut self.lite()).unwrap().value;
        };
        let sql = sql.replace("{id}", &format!("{id}::text"));
        let (client, _task) = postgres::connect(&database.url(postgres::OWNER)).await;
        client.batch_execute(SETUP).await.unwrap();
        client.query_one(&sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
    }

    /// The texts that a query gives in the column `value`.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        if let Some(database) = &self.database {
            let (client, _task) = postgres::connect(&database.url(postgres::OWNER)).await;
            client.batch_execute(SETUP).await.unwrap();
            let rows = client.query(sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
            return rows.iter().map(|row| row.get(0)).collect();
        }
        let lines: Vec<Line> = diesel::sql_query(sql).load(&mut self.lite()).unwrap();
        lines.into_iter().map(|line| line.value).collect()
    }

    /// A connection of another program, SQLite only.
    pub fn lite(&self) -> diesel::SqliteConnection {
        let path = self.data_dir.path().join("reeve.db");
        let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").unwrap();
        conn
    }
}

pub const SETUP: &str = "SET search_path = reeve; SET reeve.system = 'on'";

/// Runs statements on PostgreSQL in one connection that has the system setting.
pub async fn as_role(url: &str, sql: &str) -> Result<(), String> {
    let (client, _task) = postgres::connect(url).await;
    client.batch_execute(SETUP).await.map_err(|error| format!("{error:?}"))?;
    client.batch_execute(sql).await.map_err(|error| format!("{error:?}"))
}
