//! `goldseam run`: the platforms whose tokens are configured, until a signal; or the terminal when there are none.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::chat;
use super::house::{self, House, Reload};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::metrics;
use crate::nodes::{Node, Role};
use crate::outbox::{BoxFuture, Deliver, Limits};
use crate::platform::discord::Shard;
use crate::platform::discord::shards::{LOGIN_EVERY, Porter};
use crate::platform::inbox::Inbox;
use crate::platform::telegram::Listener;
use crate::platform::{discord, telegram};
use crate::pulse::one_hangs;
use crate::script::Library;
use crate::store::Store;
use crate::trouble::Trouble;
use crate::types::{Localized, Platform};

/// How long a stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How often an edited scripts folder is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often what was committed is brought into the file of the database.
const FOLD_EVERY: Duration = Duration::from_secs(10);
/// How long Telegram may hold a poll open.
const POLL: Duration = Duration::from_secs(30);
/// How long a slash command waits for its answer before "thinking" is shown; Discord allows 3 seconds.
const DEFER_AFTER: Duration = Duration::from_millis(1_500);
/// The longest pause between attempts to reach a platform at the start.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a platform is listened to with.
enum Ear {
    Telegram(Box<Listener>, Option<telegram::Webhook>),
    Discord(discord::Settings, Arc<discord::Rest>, discord::Interactions),
}

impl Ear {
    /// What only one program may do at a time: each of Discord's connections is a role, and programs share them.
    fn role(&self) -> String {
        match self {
            Ear::Telegram(..) => "poll:telegram".into(),
            Ear::Discord(discord::Settings { shard: Shard { id: 0, .. }, .. }, ..) => DISCORD.into(),
            Ear::Discord(settings, ..) => format!("{DISCORD}:{}", settings.shard.id),
        }
    }

    /// Whether somebody else takes what people write. Discord does not tell: both are told everything.
    fn conflict(&self) -> Option<(Platform, Trouble)> {
        match self {
            Ear::Telegram(listener, _) => Some((Platform::Telegram, listener.conflict().clone())),
            Ear::Discord(..) => None,
        }
    }

    fn asks_for(&self, node: &Node) -> Role {
        match self {
            Ear::Telegram(..) => node.role(&self.role()),
            Ear::Discord(..) => node.role_of_a_kind(DISCORD, &self.role()),
        }
    }
}

/// The connections log in one after the other, whichever programs have them.
struct OneByOne(Node);

impl Porter for OneByOne {
    fn admits(&self, bucket: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.0.once_in(&format!("login:discord:{bucket}"), LOGIN_EVERY).await })
    }
}

/// The role of listening to Discord, and what those of further connections begin with.
const DISCORD: &str = "poll:discord";

/// What messages go out through.
type Mouths = Vec<(Arc<dyn Deliver>, Limits)>;

/// Runs until it is told to stop.
pub(crate) async fn run(file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let library = house::library(config.prompts_dir.as_deref())?;
    let database = house::database(None, &config);
    house::prepare(&database)?;
    if config.telegram.is_none() && config.discord.is_none() {
        return chat::first_conversation(&config, library).await;
    }
    super::log_to_stderr(&config.log, config.log_format);
    // From here on a stop is heard, also while the database is opened.
    let mut signals = Signals::new()?;
    let (ears, mouths) = platforms(&config, &library)?;
    let house = tokio::select! {
        () = signals.stop() => return Ok(ExitCode::SUCCESS),
        house = House::open(&database, library, Clock::system(), mouths) => house?,
    };
    tracing::info!(data = house::shown(&database)?, "goldseam is running");
    let cancel = CancellationToken::new();
    let conflicts = ears.iter().filter_map(Ear::conflict).collect();
    let shown = show(&house, conflicts, config.metrics, &cancel).await?;
    let failed = listen(&house, ears, config.prompts_dir.as_deref(), &mut signals, cancel).await?;
    if let Some(shown) = shown {
        shown.abort();
    }
    if house.store.disk_works().is_err() {
        // Closing the database would write once more. What has to be put right is put right by the next start.
        std::process::exit(1);
    }
    house.store.close().await;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn platforms(config: &Config, library: &Library) -> anyhow::Result<(Vec<Ear>, Mouths)> {
    let menu = library.localized(Library::command_menu);
    let (mut ears, mut mouths): (Vec<Ear>, Mouths) = (Vec::new(), Vec::new());
    if let Some(config::Telegram { token, api, webhook }) = &config.telegram {
        let sender = telegram::Sender::new(api, token.clone())?;
        let invitation = library.localized(|edition| edition.words().invitation.clone());
        mouths.push((Arc::new(sender.with_invitation(invitation)), limits(&config.pace, Platform::Telegram)));
        let listener = Listener::new(api, token.clone(), menu.source())?.in_languages(menu.others())?;
        ears.push(Ear::Telegram(Box::new(listener), webhook.clone()));
    }
    if let Some(config::Discord { token, api, test_server, shards }) = &config.discord {
        let rest = Arc::new(discord::Rest::new(api, config.network, token.clone())?);
        let interactions = discord::Interactions::default();
        let form = library.localized(|edition| edition.words().form.clone());
        let sender = discord::Sender::new(rest.clone(), interactions.clone()).with_form(form.clone());
        mouths.push((Arc::new(sender), limits(&config.pace, Platform::Discord)));
        let commands = slash_commands(&menu, &library.commands_with_text());
        let settings = discord::Settings {
            shard: Shard::WHOLE,
            test_server: test_server.clone(),
            commands,
            form,
            patience: discord::PATIENCE,
            defer_after: DEFER_AFTER,
        };
        ears.extend(Shard::all(*shards).map(|shard| {
            Ear::Discord(discord::Settings { shard, ..settings.clone() }, rest.clone(), interactions.clone())
        }));
    }
    Ok((ears, mouths))
}

/// What the settings say of a platform.
fn limits(pace: &config::Pace, platform: Platform) -> Limits {
    let (total, bulk) = match platform {
        Platform::Telegram => (pace.telegram, pace.telegram_bulk),
        Platform::Discord => (pace.discord, pace.discord_bulk),
        Platform::Console => (0, 0),
    };
    let rate = |rate: u32| (rate > 0).then_some(rate);
    Limits { total: rate(total), bulk: rate(bulk), chat: rate(pace.chat), at_once: pace.at_once }
}

/// The menu as Discord wants it: each command with what it does in every language.
fn slash_commands(menu: &Localized<Vec<(String, String)>>, takes_text: &[String]) -> Vec<discord::SlashCommand> {
    let in_others = |name: &str| {
        let of = |(tag, menu): (&str, &Vec<(String, String)>)| {
            let about = menu.iter().find(|(other, _)| other == name).map_or(String::new(), |(_, about)| about.clone());
            discord::locales(tag).into_iter().map(move |locale| (locale.to_owned(), about.clone()))
        };
        menu.others().flat_map(of).filter(|(_, about)| !about.is_empty()).collect()
    };
    let command = |(name, description): &(String, String)| discord::SlashCommand {
        name: name.clone(),
        description: description.clone(),
        descriptions: in_others(name),
        takes_text: takes_text.contains(name),
    };
    menu.source().iter().map(command).collect()
}

/// Lets others on this machine watch, if that was asked for.
async fn show(
    house: &House,
    conflicts: Vec<(Platform, Trouble)>,
    address: Option<SocketAddr>,
    stopping: &CancellationToken,
) -> anyhow::Result<Option<JoinHandle<()>>> {
    let Some(address) = address else { return Ok(None) };
    let listener = metrics::listen(address)
        .await
        .with_context(|| format!("`metrics.listen` cannot be used: {address} is taken, or not of this machine"))?;
    tracing::info!(%address, "metrics can be read");
    Ok(Some(tokio::spawn(metrics::serve(listener, house.watched(conflicts, stopping.clone())))))
}

/// Works until a signal comes or every platform has refused us; true when it was the latter.
async fn listen(
    house: &House,
    ears: Vec<Ear>,
    prompts: Option<&Path>,
    signals: &mut Signals,
    cancel: CancellationToken,
) -> anyhow::Result<bool> {
    let inbox: Arc<dyn Inbox> = Arc::new(house.inbox.clone());
    let mut platforms = JoinSet::new();
    for ear in ears {
        platforms.spawn(hear(ear, house.node.clone(), inbox.clone(), cancel.clone()));
    }
    let mut workers = JoinSet::new();
    let (worker, stop) = (house.node.clone(), cancel.clone());
    workers.spawn(async move { worker.run(stop).await });
    let (worker, stop) = (house.inbox.clone(), cancel.clone());
    workers.spawn(async move { worker.run(stop).await });
    let (worker, stop) = (house.outbox.clone(), cancel.clone());
    workers.spawn(async move { worker.run(stop).await });
    let (worker, stop) = (house.reminders.clone(), cancel.clone());
    workers.spawn(async move { worker.run(stop).await });
    workers.spawn(reload(Reload::new(prompts, house.door.clone()), cancel.clone()));
    workers.spawn(fold(house.store.clone(), cancel.clone()));
    let mut failed = false;
    let pulses = house.pulses();
    loop {
        tokio::select! {
            () = signals.stop() => break,
            failure = house.store.disk_fails() => {
                failed = true;
                tracing::error!("{failure}");
                break;
            }
            worker = one_hangs(&pulses) => {
                failed = true;
                tracing::error!(worker, "a worker hangs; the program ends, so that it can be started again");
                break;
            }
            ended = platforms.join_next() => match ended {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => {
                    failed = true;
                    tracing::error!(error = format!("{error:#}"), "a platform cannot be listened to any more");
                }
                Some(Err(error)) => {
                    failed = true;
                    tracing::error!(panicked = error.is_panic(), "a platform's listener ended");
                }
                None if failed => break,
                None => bail!("every platform has ended"),
            },
            Some(ended) = workers.join_next() => {
                if ended.is_err() {
                    bail!("a worker ended; restart the program");
                }
            }
        }
    }
    tracing::info!("stopping: what has begun is finished first");
    cancel.cancel();
    let done = async {
        while platforms.join_next().await.is_some() {}
        while workers.join_next().await.is_some() {}
    };
    if tokio::time::timeout(STOP_LIMIT, done).await.is_err() {
        tracing::warn!("not everything ended in time; nothing that was stored is lost");
    }
    house.node.leave().await;
    Ok(failed)
}

/// Listens to a platform whenever that is this program's role; who is called by the platform needs no role. When the platform refuses us, another program may try.
async fn hear(ear: Ear, node: Node, inbox: Arc<dyn Inbox>, cancel: CancellationToken) -> anyhow::Result<()> {
    if let Ear::Telegram(listener, Some(webhook)) = ear {
        return Ok(listener.serve(&webhook, inbox, cancel).await?);
    }
    let role = ear.asks_for(&node);
    let heard = role.work(&cancel, |stop| listen_to(&ear, &node, inbox.clone(), stop)).await.unwrap_or(Ok(()));
    if heard.is_err() {
        node.resign(&ear.role()).await;
    }
    heard
}

/// Listens until it is stopped.
async fn listen_to(ear: &Ear, node: &Node, inbox: Arc<dyn Inbox>, stop: CancellationToken) -> anyhow::Result<()> {
    match ear {
        Ear::Telegram(listener, _) => Ok(Listener::clone(listener).run(inbox, POLL, stop).await?),
        Ear::Discord(settings, rest, interactions) => {
            let listener = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                listener = reach_discord(settings.clone(), rest.clone(), interactions.clone()) => listener?,
            };
            listener.let_in_by(Arc::new(OneByOne(node.clone()))).run(inbox, stop).await
        }
    }
}

/// Tries until Discord answers; a refused token ends it.
async fn reach_discord(
    settings: discord::Settings,
    rest: Arc<discord::Rest>,
    interactions: discord::Interactions,
) -> anyhow::Result<discord::Listener> {
    let mut pause = Duration::from_secs(1);
    loop {
        match discord::Listener::start(settings.clone(), rest.clone(), interactions.clone()).await {
            Err(error) if error.downcast_ref::<discord::ListenError>().is_none() => {
                tracing::warn!(error = format!("{error:#}"), "Discord cannot be reached; it is tried again");
                tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            done => return done,
        }
    }
}

async fn reload(mut reload: Reload, cancel: CancellationToken) {
    let mut asked = Hangup::new();
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = asked.next() => reload.now().await,
            () = tokio::time::sleep(LOOK_EVERY) => reload.look().await,
        }
    }
}

/// Brings what was committed into the file of the database, again and again.
async fn fold(store: Store, cancel: CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(FOLD_EVERY) => {}
        }
        if let Err(error) = store.fold_log().await {
            tracing::warn!(%error, "what was committed stays in the write-ahead log for now");
        }
    }
}

/// SIGINT and SIGTERM, or Ctrl-C.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
            #[cfg(unix)]
            interrupt: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?,
        })
    }

    async fn stop(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// SIGHUP asks to read the scripts again.
struct Hangup {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangup {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
