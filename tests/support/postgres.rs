//! A real `PostgreSQL` for a test program: one server for all its tests, a database for each.
//!
//! The server is started when it is first asked for, in a temporary folder, reachable over a socket there and over a port of this
//! machine. It ends with the test program however that ends: a shell between them waits for the end of its standard input.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _};

/// The user of the tests, and its password where one is asked for: over the port, and not over the socket.
pub const USER: &str = "goldseam";
pub const PASSWORD: &str = "of the tests";

/// Set: tests that need a `PostgreSQL` are left out where there is none. Otherwise they fail there.
const MAY_BE_MISSING: &str = "GOLDSEAM_TEST_WITHOUT_POSTGRES";

const SCRIPT: &str = r#"
    "$BIN/initdb" --pgdata=data --username=goldseam --pwfile=password --auth-local=trust --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C --no-sync --no-instructions >log 2>&1 &&
    "$BIN/pg_ctl" --pgdata=data --log=log --wait --timeout=60 \
        --options="-c listen_addresses=127.0.0.1 -p $PORT -k $PWD -c fsync=$FSYNC -c max_connections=200" start >/dev/null &&
    echo ready && cat
    "$BIN/pg_ctl" --pgdata=data --mode=immediate --wait stop >/dev/null 2>&1
    rm -rf "$PWD"
"#;

/// A copy of a running server that follows it.
const STANDBY: &str = r#"
    "$BIN/pg_basebackup" --pgdata=data --host="$PRIMARY" --port="$PRIMARY_PORT" --username=goldseam \
        --checkpoint=fast --write-recovery-conf >log 2>&1 &&
    "$BIN/pg_ctl" --pgdata=data --log=log --wait --timeout=60 \
        --options="-c listen_addresses=127.0.0.1 -p $PORT -k $PWD -c fsync=off -c max_connections=200" start >/dev/null &&
    echo ready && cat
    "$BIN/pg_ctl" --pgdata=data --mode=immediate --wait stop >/dev/null 2>&1
    rm -rf "$PWD"
"#;

/// A server of `PostgreSQL`.
pub struct Server {
    folder: PathBuf,
    port: u16,
    /// Ends the server when it is dropped, or when this program ends.
    shell: Child,
}

/// Whether the server writes to the disk before it says that it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    On,
    /// Faster; what is lost without it is only lost with the machine.
    Off,
}

impl Server {
    /// A new server; `None` when `PostgreSQL` is not installed and may be missing.
    pub fn start(fsync: Fsync) -> Option<Self> {
        let Some(programs) = programs() else {
            #[expect(clippy::disallowed_methods, reason = "a switch of the tests, no setting of the program")]
            let may_be_missing = std::env::var_os(MAY_BE_MISSING).is_some();
            assert!(
                may_be_missing,
                "PostgreSQL is not installed (apt install postgresql); {MAY_BE_MISSING}=1 goes without"
            );
            eprintln!("LEFT OUT: PostgreSQL is not installed, and {MAY_BE_MISSING} is set");
            return None;
        };
        Some(Self::run_by(SCRIPT, &programs, &[("FSYNC", if fsync == Fsync::On { "on" } else { "off" })]))
    }

    /// A second server to which all that is committed here from now on is brought before it counts as committed.
    pub async fn standby(&self) -> Self {
        let place = [("PRIMARY", self.folder.to_str().unwrap()), ("PRIMARY_PORT", &*self.port.to_string())];
        let standby = Self::run_by(STANDBY, &programs().unwrap(), &place);
        self.run("alter system set synchronous_standby_names = '*'").await;
        self.run("select pg_reload_conf()").await;
        standby
    }

    fn run_by(script: &str, programs: &Path, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        fs::write(folder.join("password"), PASSWORD).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]).current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        shell.env("BIN", programs).env("PORT", port.to_string());
        shell.envs(variables.iter().copied());
        if id(&["-u"]) == 0 {
            let (user, group) = (id(&["-u", "postgres"]), id(&["-g", "postgres"]));
            for path in [folder.as_path(), &folder.join("password")] {
                chown(path, Some(user), Some(group)).unwrap();
            }
        }
        as_somebody_else(&mut shell);
        let mut shell = shell.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n", "PostgreSQL did not start; it said why above or in {}", folder.display());
        Self { folder, port, shell }
    }

    /// kill -9, all of its processes at once, as when the machine is gone.
    pub fn dies(&self) {
        let kill =
            "main=$(head -1 data/postmaster.pid) && kill -STOP $main && kill -9 $(ps -o pid= --ppid $main) $main";
        assert!(Command::new("/bin/sh").args(["-c", kill]).current_dir(&self.folder).status().unwrap().success());
    }

    /// A standby becomes the server.
    pub fn takes_over(&self) {
        let mut command = Command::new(programs().unwrap().join("pg_ctl"));
        command.args(["--pgdata=data", "--wait", "promote"]);
        as_somebody_else(command.current_dir(&self.folder).stdout(Stdio::null()));
        assert!(command.status().unwrap().success());
    }

    /// Where it is on this machine.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Stops it in the middle of whatever it does, and starts it again.
    pub fn restarts(&self) {
        let mut command = Command::new(programs().unwrap().join("pg_ctl"));
        command.args(["--pgdata=data", "--log=log", "--wait", "--mode=fast", "restart"]);
        as_somebody_else(command.current_dir(&self.folder).stdout(Stdio::null()));
        assert!(command.status().unwrap().success());
    }

    /// The address of a new, empty database.
    pub async fn database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("create database {name}")).await;
        self.over_the_socket(&name)
    }

    /// Runs a statement as the owner of the server.
    pub async fn run(&self, statement: &str) {
        run(&self.over_the_socket("postgres"), statement).await;
    }

    /// The address of a database for whoever is on this machine.
    pub fn over_the_socket(&self, database: &str) -> String {
        let folder = self.folder.to_str().unwrap().replace('/', "%2F");
        format!("postgres://{USER}@{folder}:{}/{database}", self.port)
    }

    /// The address of a database for whoever knows the password.
    pub fn over_the_port(&self, user: &str, password: &str, database: &str) -> String {
        let password = password.replace(' ', "%20");
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Runs statements on any database.
pub async fn run(url: &str, statements: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The server that the tests of this program share.
pub fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Fsync::Off)).as_ref()
}

/// Where the newest `PostgreSQL` of this machine has its programs. Debian keeps them out of the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok())
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let elsewhere = ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    let of_versions = versions.into_iter().rev().map(|(_, folder)| folder);
    of_versions.chain(elsewhere).find(|folder| is_there(folder, "initdb") && is_there(folder, "pg_ctl"))
}

fn is_there(folder: &Path, program: &str) -> bool {
    folder.join(program).exists()
}

/// It refuses to run as root.
fn as_somebody_else(command: &mut Command) {
    if id(&["-u"]) == 0 {
        command.uid(id(&["-u", "postgres"])).gid(id(&["-g", "postgres"]));
    }
}

fn id(arguments: &[&str]) -> u32 {
    let said = Command::new("id").args(arguments).output().unwrap().stdout;
    String::from_utf8(said).unwrap().trim().parse().expect("a user `postgres`, because PostgreSQL does not run as root")
}
