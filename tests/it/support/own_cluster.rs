//! A PostgreSQL cluster of one test's own, which can go away and come back.

use super::postgres::{
    command, free_port, initialized, programs, unprivileged_user, wait_until_ready,
};
use std::{
    fs,
    path::PathBuf,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

pub struct OwnCluster {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    user: Option<(u32, u32)>,
    guard: Option<Child>,
}

impl OwnCluster {
    pub fn start() -> Self {
        let programs = programs().expect("PostgreSQL is missing");
        let user = unprivileged_user();
        let name = format!("reeve-test-own-pg-{}-{}", std::process::id(), free_port());
        let directory = std::env::temp_dir().join(name);
        initialized(&programs, &directory, user);
        let mut cluster = Self { programs, directory, port: free_port(), user, guard: None };
        cluster.resume();
        cluster
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// Starts it again after `stop`, on the same port.
    pub fn resume(&mut self) {
        assert!(self.guard.is_none());
        // The shell stops the server when its pipe closes, also if this process is killed.
        let script = format!(
            "'{postgres}' -D '{data}' -p {port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off \
             -c shared_buffers=16MB >>'{log}' 2>&1 </dev/null & \
             server=$!; read -r _; kill -QUIT $server; wait $server",
            postgres = self.programs.join("postgres").display(),
            data = self.directory.join("data").display(),
            port = self.port,
            log = self.directory.join("log").display(),
        );
        let mut shell = command("/bin/sh".as_ref(), self.user);
        shell.arg("-c").arg(script).current_dir(&self.directory);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.guard = Some(shell.spawn().unwrap());
        wait_until_ready(&self.programs, self.port, self.user);
    }

    /// Stops it at once, as a crash does.
    pub fn stop(&mut self) {
        let Some(mut guard) = self.guard.take() else { return };
        drop(guard.stdin.take());
        guard.wait().unwrap();
    }

    /// Sends a signal to every process of the cluster, found from the one that it began with.
    pub fn signal(&self, name: &str) {
        let first = fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap();
        let first = first.lines().next().unwrap().to_owned();
        let mut all = vec![first.clone()];
        for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
            // A process may end between the two looks at it.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let after = stat.rsplit_once(") ").map(|(_, after)| after).unwrap_or_default();
            if after.split(' ').nth(1) == Some(first.as_str()) {
                all.push(entry.file_name().into_string().unwrap());
            }
        }
        assert!(all.len() > 2, "the cluster has only {all:?}");
        let kill = format!("kill -{name} {}", all.join(" "));
        // A backend that has just ended is no failure; what matters is tested by its effect.
        let mut shell = command("/bin/sh".as_ref(), self.user);
        shell.args(["-c", &kill]).stderr(Stdio::null()).status().unwrap();
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        if self.guard.is_some() {
            // A stopped process would not end.
            self.signal("CONT");
        }
        self.stop();
        fs::remove_dir_all(&self.directory).ok();
    }
}

/// Waits for a condition, and tells how long it took.
pub async fn within<F: Future<Output = bool>>(limit: Duration, holds: impl Fn() -> F) -> Duration {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < limit, "it did not happen within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}
