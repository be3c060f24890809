//! The built binary as a process of its own.

use super::{
    Backend, Server,
    postgres::{self, Database},
};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tonic::transport::{Channel, Endpoint};

const PATIENCE: Duration = Duration::from_secs(20);

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub type Environment = Vec<(&'static str, String)>;

/// What the program is told of a database and a data directory.
pub fn environment(database: Option<&Database>, data_dir: &Path) -> Environment {
    let mut all = vec![("REEVE_DATA_DIR", data_dir.display().to_string())];
    if let Some(database) = database {
        all.extend([
            ("DATABASE_URL", database.url(postgres::SERVICE)),
            ("DATABASE_MIGRATION_URL", database.url(postgres::OWNER)),
            ("REEVE_MASTER_KEY", super::server::master_key()),
        ]);
    }
    all
}

/// A database in which nothing was done yet.
pub async fn empty_database(backend: Backend) -> Option<Database> {
    match backend {
        Backend::Sqlite => None,
        Backend::Postgres => Some(Database::empty().await),
    }
}

fn command(args: &[&str], environment: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reeve"));
    command.args(args).env_clear().stdin(Stdio::null());
    command.envs(environment.iter().map(|(name, value)| (*name, value)));
    command
}

/// Runs a command to its end.
pub async fn run(args: &[&str], environment: &[(&'static str, String)]) -> Answer {
    let mut command = command(args, environment);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().expect("the command was killed");
    Answer { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Server {
    /// Runs a command on this server's database.
    pub async fn cli(&self, args: &[&str]) -> Answer {
        run(args, &environment(self.database.as_ref(), self.data_dir.path())).await
    }
}

/// `reeve serve` on a free port.
pub struct Program {
    child: Child,
    log: Arc<Mutex<String>>,
    pub channel: Channel,
}

impl Program {
    /// Starts it and waits until it listens.
    pub async fn serve(environment: &[(&'static str, String)]) -> Self {
        let mut command = command(&["serve", "--listen", "127.0.0.1:0"], environment);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = lines.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let begun = Instant::now();
        let address = loop {
            if let Some(address) = listening(&log.lock().unwrap()) {
                break address;
            }
            let late = begun.elapsed() > PATIENCE || child.try_wait().unwrap().is_some();
            assert!(!late, "it does not listen: {}", log.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        Self { child, log, channel }
    }

    /// What was logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the end.
    pub async fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn listening(log: &str) -> Option<String> {
    let (_, after) = log.split_once("Starting gRPC server on ")?;
    Some(after.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect())
}
