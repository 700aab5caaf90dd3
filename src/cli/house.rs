//! The rooms put together on one database: what `run` and `chat` have in common.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{self, Config, prepare_data_dir};
use crate::metrics::Watched;
use crate::nodes::Node;
use crate::outbox::{Deliver, Limits, Outbox};
use crate::platform::{console, discord, telegram};
use crate::prompts::{self, PromptsError, Watch};
use crate::pulse::Pulse;
use crate::reminders::Reminders;
use crate::script::Library;
use crate::store::{Location, Server, Store};
use crate::trouble::Trouble;
use crate::turn::{Door, Inbox};
use crate::types::Platform;
use crate::vault::Vault;

/// How many due schedules are looked at together.
pub(crate) const DUE_BATCH: i64 = 200;

/// Everything between the platforms and the database.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) node: Node,
    pub(crate) door: Door,
    pub(crate) inbox: Inbox,
    pub(crate) outbox: Outbox,
    pub(crate) reminders: Reminders,
}

impl House {
    /// Opens a database, which other programs may share, and puts the rooms on it.
    pub(crate) async fn open(
        database: &Location,
        library: Library,
        clock: Clock,
        platforms: Vec<(Arc<dyn Deliver>, Limits)>,
    ) -> anyhow::Result<Self> {
        let store = Store::open_at(database, Vault).await?;
        Self::of(Node::new(store), library, clock, platforms).await
    }

    /// Puts the rooms on a database, for platforms that are nobody else's affair.
    pub(crate) async fn on(
        store: Store,
        library: Library,
        clock: Clock,
        platforms: Vec<(Arc<dyn Deliver>, Limits)>,
    ) -> anyhow::Result<Self> {
        Self::of(Node::alone(store), library, clock, platforms).await
    }

    async fn of(
        node: Node,
        library: Library,
        clock: Clock,
        platforms: Vec<(Arc<dyn Deliver>, Limits)>,
    ) -> anyhow::Result<Self> {
        let store = node.store().clone();
        let door = Door::new(store.clone(), Library::default(), clock.clone());
        door.use_scripts(library).await?;
        let outbox = Outbox::among(&node, clock, door.bells().outbox.clone(), platforms);
        let inbox = Inbox::new(door.clone())
            .through(&outbox)
            .with(Platform::Console, console::decode)
            .with(Platform::Telegram, telegram::decode)
            .with(Platform::Discord, discord::decode);
        let reminders = Reminders::new(door.clone());
        node.wakes(door.bells().inbox.clone());
        node.wakes(door.bells().reminders.clone());
        node.wakes_to_send(door.bells().outbox.clone());
        Ok(Self { store, node, door, inbox, outbox, reminders })
    }

    /// Handles what has arrived and what is due, and sends what came of it, until nothing is left.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        loop {
            let handled = self.inbox.drain_once().await?;
            let fired = self.reminders.fire_once(DUE_BATCH).await?;
            let sent = self.outbox.deliver_once().await?;
            if handled == 0 && fired == 0 && sent == 0 {
                return Ok(());
            }
        }
    }

    /// The workers, and whether they get on.
    pub(crate) fn pulses(&self) -> Vec<(&'static str, Pulse)> {
        let (inbox, outbox, reminders) = (self.inbox.pulse(), self.outbox.pulse(), self.reminders.pulse());
        vec![("inbox", inbox.clone()), ("outbox", outbox.clone()), ("reminders", reminders.clone())]
    }

    /// What others may watch.
    pub(crate) fn watched(&self, conflicts: Vec<(Platform, Trouble)>, stopping: CancellationToken) -> Watched {
        let counters = [self.node.counters(), self.door.counters(), self.outbox.counters()];
        Watched {
            node: self.node.clone(),
            clock: self.door.clock().clone(),
            outbox: self.outbox.clone(),
            counters: counters.into_iter().cloned().collect(),
            conflicts,
            workers: self.pulses(),
            stopping,
        }
    }

    /// When something comes due next.
    pub(crate) async fn next_due(&self) -> anyhow::Result<Option<jiff::Timestamp>> {
        let mut tx = self.store.begin().await?;
        let due = tx.next_due().await?;
        tx.rollback().await?;
        Ok(due)
    }
}

/// Where the database is: in the folder that was named on the command line, else on the configured server, else in the
/// configured folder.
pub(crate) fn database(named: Option<PathBuf>, config: &Config) -> Location {
    match (named, &config.store) {
        (Some(folder), _) => Location::Folder(folder),
        (None, Some(store)) => server(store),
        (None, None) => Location::Folder(config.data_dir.clone()),
    }
}

/// A database on a server.
pub(crate) fn server(store: &config::Store) -> Location {
    Location::Server(Server::new(store.url.clone(), store.connections))
}

/// Makes the folder of a database that is kept in one.
pub(crate) fn prepare(database: &Location) -> anyhow::Result<()> {
    match database {
        Location::Folder(folder) => Ok(prepare_data_dir(folder)?),
        Location::Server(_) => Ok(()),
    }
}

/// The folder that a tool for authors works on: the named one, else `prompts` in the working folder, else the configured one.
/// `None` stands for the scripts inside the program.
pub(crate) fn authors_folder(named: Option<PathBuf>) -> anyhow::Result<Option<PathBuf>> {
    match named.or_else(|| Path::new("prompts").is_dir().then(|| "prompts".into())) {
        Some(folder) => Ok(Some(folder)),
        None => Ok(Config::load(None)?.prompts_dir),
    }
}

/// What to tell an author who may have meant their own scripts and got those inside the program; nothing with a folder.
pub(crate) fn not_your_own(folder: Option<&Path>) -> Option<&'static str> {
    let inside = Path::new("phrases.yaml").exists();
    folder.is_none().then_some(match inside {
        true => "You are inside a folder of scripts, and these are the ones inside the program: go one up (`cd ..`), then your own are found.",
        false => "There is no folder `prompts` here: these are the scripts inside the program. For your own, go (`cd`) to the folder that your `prompts` is in.",
    })
}

/// The scripts to run with. A folder that has errors is refused with all of them.
pub(crate) fn library(folder: Option<&Path>) -> anyhow::Result<Library> {
    match prompts::load(folder) {
        Ok((library, _)) => Ok(library),
        Err(PromptsError::Wrong { report, folder }) => {
            eprintln!("{}\n", report.clone().without_warnings().render(false));
            Err(PromptsError::Wrong { report, folder }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Scripts that are read again when their folder was edited; a broken edit changes nothing. A script that was withdrawn goes out
/// of use, whether there is a folder or not.
pub(crate) struct Reload {
    folder: Option<(PathBuf, Watch)>,
    door: Door,
}

impl Reload {
    pub(crate) fn new(folder: Option<&Path>, door: Door) -> Self {
        Self { folder: folder.map(|folder| (folder.to_owned(), Watch::new(folder))), door }
    }

    /// Looks whether anything changed, and takes it over if it is sound.
    pub(crate) async fn look(&mut self) {
        if self.folder.as_mut().is_some_and(|(_, watch)| watch.changed()) {
            self.now().await;
        }
        if let Err(error) = self.door.follow_withdrawals().await {
            tracing::error!(%error, "the list of withdrawn scripts cannot be read");
        }
    }

    /// Reads the folder again.
    pub(crate) async fn now(&self) {
        let Some((folder, _)) = &self.folder else { return };
        match prompts::load(Some(folder)) {
            Ok((library, report)) => match self.door.use_scripts(library).await {
                Ok(()) => tracing::info!(warnings = report.warnings(), "the edited scripts are in use"),
                Err(error) => tracing::error!(%error, "the edited scripts cannot be kept; the ones before stay in use"),
            },
            Err(PromptsError::Wrong { report, .. }) => {
                tracing::error!(
                    errors = report.errors(),
                    "the edited scripts have errors; the ones before stay in use"
                );
                eprintln!("{}", report.render(false));
            }
            Err(error) => tracing::error!(%error, "the edited scripts cannot be read; the ones before stay in use"),
        }
    }
}

/// Where a database is, for showing it.
pub(crate) fn shown(database: &Location) -> anyhow::Result<String> {
    let Location::Folder(folder) = database else { return Ok(database.to_string()) };
    let whole = folder.canonicalize().with_context(|| format!("the folder {} is gone", folder.display()))?;
    Ok(whole.display().to_string())
}
