//! The real binary as a child process, configured by its environment alone.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

/// How long to wait for anything. Only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A program that can be started again and again with the same settings.
#[derive(Clone)]
pub struct Settings {
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Settings {
    /// Nothing but the folder it is started in: no home, no search path, somebody else's zone.
    pub fn new(folder: &Path) -> Self {
        let settings = Self { folder: folder.to_owned(), variables: Vec::new() };
        settings.with("TZ", "Pacific/Kiritimati").with("GOLDSEAM_NETWORK", "loopback")
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goldseam"));
        command.args(arguments).current_dir(&self.folder).env_clear();
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts it and lets it run.
    pub fn starts(&self, arguments: &[&str]) -> Program {
        Self::lets_run(self.command(arguments))
    }

    /// The same in the place of a shell that has run this before.
    pub fn starts_in_a_shell(&self, before: &str, arguments: &[&str]) -> Program {
        let direct = self.command(arguments);
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(format!("{before}; exec \"$0\" \"$@\""))
            .arg(direct.get_program())
            .args(direct.get_args());
        command.current_dir(&self.folder).env_clear();
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::lets_run(command)
    }

    fn lets_run(mut command: Command) -> Program {
        let mut child = command.spawn().expect("the program can be started");
        let stderr = child.stderr.take().unwrap();
        let said = Arc::new(watch::Sender::new(String::new()));
        let listener = {
            let said = said.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    said.send_modify(|said| *said += &(line + "\n"));
                }
            })
        };
        Program { stdin: child.stdin.take(), stdout: None, child, said, listener: Some(listener) }
    }

    /// Starts it, types these lines, and waits for its end.
    pub fn runs(&self, arguments: &[&str], lines: &[&str]) -> Ended {
        let mut program = self.starts(arguments);
        let mut stdin = program.stdin.take().unwrap();
        let typed = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let typing = std::thread::spawn(move || {
            // It may have ended before it reads anything.
            let _ = stdin.write_all(typed.as_bytes());
        });
        let mut stdout = String::new();
        program.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        typing.join().unwrap();
        let status = program.child.wait().unwrap();
        program.listener.take().unwrap().join().unwrap();
        Ended { code: status.code(), stdout, stderr: program.stderr() }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A running program. It is killed when it is dropped.
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<std::sync::mpsc::Receiver<String>>,
    said: Arc<watch::Sender<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Program {
    /// Types one line.
    pub fn types(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("it reads what is typed");
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Types nothing more, and waits for its end.
    pub fn ends(mut self) {
        drop(self.stdin.take());
        self.child.wait().unwrap();
    }

    /// Reads what it says until these words come; all of it.
    pub fn says(&mut self, words: &str) -> String {
        let said = self.stdout.get_or_insert_with(|| {
            let (sender, said) = std::sync::mpsc::channel();
            let stdout = self.child.stdout.take().expect("nobody else reads it");
            std::thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                lines.for_each(|line| sender.send(line + "\n").unwrap_or_default());
            });
            said
        });
        let mut heard = String::new();
        while !heard.contains(words) {
            let line = said.recv_timeout(PATIENCE);
            heard += &line.unwrap_or_else(|_| panic!("it never said {words:?}:\n{heard}{}", *self.said.borrow()));
        }
        heard
    }

    /// Everything on standard error so far.
    pub fn stderr(&self) -> String {
        self.said.borrow().clone()
    }

    /// Waits until standard error contains this so many times.
    pub async fn logs(&self, words: &str, times: usize) {
        let mut said = self.said.subscribe();
        let found = tokio::time::timeout(PATIENCE, said.wait_for(|said| said.matches(words).count() >= times)).await;
        assert!(found.is_ok(), "it never said {words:?}:\n{}", self.stderr());
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it ended by itself?
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// kill -9.
    pub fn killed(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal: STOP, CONT.
    pub fn gets(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// SIGTERM, and how it ends.
    pub async fn terminated(self, limit: Duration) -> (ExitStatus, String) {
        self.gets("TERM");
        self.over_within(limit).await
    }

    /// How it ends by itself.
    pub async fn over_within(mut self, limit: Duration) -> (ExitStatus, String) {
        let listener = self.listener.take().unwrap();
        // Its standard error ends when it ends.
        let ended = tokio::time::timeout(limit, tokio::task::spawn_blocking(move || listener.join().unwrap())).await;
        assert!(ended.is_ok(), "it did not end within {limit:?}:\n{}", self.stderr());
        (self.child.wait().unwrap(), self.stderr())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The names and contents of everything below a folder.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push((path.clone(), std::fs::read(path).unwrap())),
            }
        }
    }
    found.sort();
    found
}

/// The shipped scripts as a folder of one's own.
pub fn copy_prompts(to: &Path) {
    for (path, bytes) in contents(&Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")) {
        let name = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts")).unwrap().to_owned();
        let target = to.join(name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
}
