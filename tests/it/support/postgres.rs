//! A throw-away PostgreSQL cluster for the whole test run, and a database of its own for each
//! test, served by three roles that are not superusers.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

pub const OWNER: &str = "reeve_owner";
pub const SERVICE: &str = "reeve_service";
pub const WRITER: &str = "foreign_writer";

const REMEDY: &str =
    "PostgreSQL is missing: run scripts/test, which installs it, or set TEST_DATABASE_URL";

/// A running cluster. The process that stops it waits on a pipe that closes with this process.
pub struct Cluster {
    /// `host:port` for URLs.
    address: String,
    superuser: String,
    password: Option<String>,
    _guard: Option<Child>,
}

/// One test's database.
#[derive(Clone)]
pub struct Database {
    pub name: String,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static TEMPLATE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static NEXT: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// A migrated database, copied from a template that is migrated once.
    pub async fn migrated() -> Self {
        TEMPLATE.get_or_init(make_template).await;
        Self::create(&template()).await
    }

    /// A database in which nothing was done yet, owned by the owner role.
    #[allow(dead_code, reason = "for tests of the schema itself")]
    pub async fn empty() -> Self {
        roles().await;
        Self::create("template0").await
    }

    async fn create(template: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("reeve_{}_{number}", std::process::id());
        // Copying needs the template to itself; tests that start together take turns.
        let _turn = TURN.lock().await;
        admin(&format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")).await;
        admin(&format!("ALTER DATABASE {name} SET lc_messages = 'C'")).await;
        Self { name }
    }

    /// The URL of a role; roles have no password, the cluster trusts its own socket.
    pub fn url(&self, role: &str) -> String {
        url(role, &self.name)
    }
    #[allow(dead_code, reason = "for tests of the schema itself")]
    pub fn superuser_url(&self) -> String {
        url(&cluster().superuser, &self.name)
    }
}

fn url(role: &str, database: &str) -> String {
    let cluster = cluster();
    let password = cluster.password.as_ref().map(|text| format!(":{text}")).unwrap_or_default();
    format!("postgres://{role}{password}@{}/{database}?sslmode=disable", cluster.address)
}

fn template() -> String {
    format!("reeve_template_{}", std::process::id())
}

async fn make_template() {
    roles().await;
    let name = template();
    admin(&format!("CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")).await;
    let target =
        reeve::db::Target::Postgres { url: url(OWNER, &name).into(), schema: "reeve".to_owned() };
    reeve::db::migrate::up(&target, None, Some(SERVICE)).await.expect("migrating the template");
    let (client, task) = connect(&url(OWNER, &name)).await;
    client
        .batch_execute(&format!(
            "GRANT USAGE ON SCHEMA reeve TO {WRITER}; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON reeve.users, reeve.user_profiles TO {WRITER}"
        ))
        .await
        .expect("granting the foreign writer");
    drop(client);
    task.await.unwrap();
}

async fn roles() {
    static ROLES: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    ROLES
        .get_or_init(|| async {
            let password = cluster().password.as_ref();
            let login =
                password.map_or("LOGIN".to_owned(), |text| format!("LOGIN PASSWORD '{text}'"));
            for role in [OWNER, SERVICE, WRITER] {
                admin(&format!(
                    "DO $$ BEGIN CREATE ROLE {role} {login} NOSUPERUSER NOBYPASSRLS; \
                     EXCEPTION WHEN duplicate_object THEN NULL; END $$"
                ))
                .await;
            }
        })
        .await;
}

/// Runs a statement as the cluster's superuser.
pub async fn admin(sql: &str) {
    let (client, task) = connect(&url(&cluster().superuser, "postgres")).await;
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    drop(client);
    task.await.unwrap();
}

pub async fn connect(url: &str) -> (tokio_postgres::Client, tokio::task::JoinHandle<()>) {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("connecting");
    let task = tokio::spawn(async move {
        connection.await.ok();
    });
    (client, task)
}

fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| match std::env::var("TEST_DATABASE_URL") {
        Ok(url) => given(&url),
        Err(_) => start(),
    })
}

/// A server that somebody else runs; the URL's user must be a superuser.
fn given(url: &str) -> Cluster {
    let url: url::Url = url.parse().expect("TEST_DATABASE_URL is not a URL");
    let port = url.port().unwrap_or(5432);
    Cluster {
        address: format!("{}:{port}", url.host_str().unwrap_or("localhost")),
        superuser: url.username().to_owned(),
        password: url.password().map(str::to_owned),
        _guard: None,
    }
}

/// `initdb` and `postgres`, as a user that is not root, on a free port.
fn start() -> Cluster {
    let programs = programs().unwrap_or_else(|| panic!("{REMEDY}"));
    let user = unprivileged_user();
    let directory = std::env::temp_dir().join(format!("reeve-test-pg-{}", std::process::id()));
    let data = initialized(&programs, &directory, user);
    let port = free_port();
    let guard = guarded_server(&programs, &directory, &data, port, user);
    let cluster = Cluster {
        address: format!("127.0.0.1:{port}"),
        superuser: "postgres".to_owned(),
        password: None,
        _guard: Some(guard),
    };
    wait_until_ready(&programs, port, user);
    cluster
}

/// An empty cluster below a directory that is made for it; where its data are.
pub fn initialized(programs: &Path, directory: &Path, user: Option<(u32, u32)>) -> PathBuf {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir(directory).unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
    if let Some((uid, gid)) = user {
        std::os::unix::fs::chown(directory, Some(uid), Some(gid)).unwrap();
    }
    let data = directory.join("data");
    let mut initdb = command(&programs.join("initdb"), user);
    initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"]);
    let made =
        initdb.arg("--no-sync").arg("-D").arg(&data).current_dir(directory).output().unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    data
}

/// The server below a shell that reads from a pipe of ours: when this process ends, however it
/// ends, the read returns and the shell stops the server and removes its directory.
fn guarded_server(
    programs: &Path,
    directory: &Path,
    data: &Path,
    port: u16,
    user: Option<(u32, u32)>,
) -> Child {
    let script = format!(
        "'{postgres}' -D '{data}' -p {port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off \
         -c max_connections=400 -c shared_buffers=128MB >'{log}' 2>&1 </dev/null & \
         server=$!; read -r _; kill -TERM $server; sleep 1; kill -INT $server; wait $server; rm -rf '{directory}'",
        postgres = programs.join("postgres").display(),
        data = data.display(),
        log = directory.join("log").display(),
        directory = directory.display(),
    );
    let mut shell = command(Path::new("/bin/sh"), user);
    let mut child = shell
        .arg("-c")
        .arg(script)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().flush().unwrap();
    child
}

pub fn wait_until_ready(programs: &Path, port: u16, user: Option<(u32, u32)>) {
    for _ in 0..300 {
        let port = port.to_string();
        let mut probe = command(&programs.join("pg_isready"), user);
        let ready = probe.args(["-q", "-h", "127.0.0.1", "-p", &port]).current_dir("/").status();
        if ready.unwrap().success() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the test cluster did not come up");
}

pub fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C.UTF-8");
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// PostgreSQL refuses to run as root: then the user `postgres`, else `nobody`.
pub fn unprivileged_user() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt as _;
        own.uid() == 0
    });
    if !is_root {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map_while(|field| field.parse().ok());
        Some((numbers.next()?, numbers.next()?))
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("no user to run PostgreSQL as"))
}

/// The directory of `initdb`: on the path, or where Debian and Red Hat put it.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = ["/usr/lib/postgresql", "/usr/pgsql"];
    let versions = installed.iter().filter_map(|root| fs::read_dir(root).ok()).flatten();
    let mut found: Vec<PathBuf> =
        versions.filter_map(Result::ok).map(|entry| entry.path().join("bin")).collect();
    found.sort();
    std::env::split_paths(&path)
        .chain(found.into_iter().rev())
        // What is on the path may be links to some of the programs only.
        .filter_map(|directory| fs::canonicalize(directory.join("initdb")).ok())
        .filter_map(|initdb| initdb.parent().map(Path::to_owned))
        .find(|directory| {
            ["postgres", "pg_isready"].iter().all(|program| directory.join(program).exists())
        })
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
