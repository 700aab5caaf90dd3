//! Settings: one TOML file, then the environment, checked once at the start. The only reader of the environment.
//!
//! An unknown key, a malformed token or an address that may not be used stops the program with one sentence that names the key
//! and says what to do. Secrets never appear in `Debug` or in an error.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::platform::discord::shards::MOST_SHARDS;
use crate::platform::{Endpoint, EndpointError, Network, discord, is_local, telegram};

/// The file that is read when none is named and it exists in the working folder.
pub const DEFAULT_FILE: &str = "goldseam.toml";
/// What each setting's name in the environment begins with; `__` stands for the dot: `GOLDSEAM_TELEGRAM__TOKEN`.
const PREFIX: &str = "GOLDSEAM_";

/// All settings, checked.
#[derive(Debug)]
pub struct Config {
    /// The Telegram bot, when there is a token for one.
    pub telegram: Option<Telegram>,
    /// The Discord bot, when there is a token for one.
    pub discord: Option<Discord>,
    /// The folder with the database; created when missing ([`prepare_data_dir`]).
    pub data_dir: PathBuf,
    /// The database on a server, in place of the one in the folder.
    pub store: Option<Store>,
    /// A folder with scripts of one's own; `None` uses the ones inside the program.
    pub prompts_dir: Option<PathBuf>,
    /// How fast messages are sent.
    pub pace: Pace,
    /// Which hosts may be talked to.
    pub network: Network,
    /// What to log, as `tracing` filters are written.
    pub log: String,
    /// How a line of the log is written.
    pub log_format: LogFormat,
    /// Where metrics can be read, if anywhere.
    pub metrics: Option<SocketAddr>,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object, for other programs.
    Json,
}

/// A Telegram bot.
#[derive(Debug)]
pub struct Telegram {
    /// Its token, from @BotFather.
    pub token: SecretString,
    /// Where the Bot API is.
    pub api: Endpoint,
    /// How Telegram calls us; without it we ask Telegram.
    pub webhook: Option<telegram::Webhook>,
}

/// A Discord bot.
#[derive(Debug)]
pub struct Discord {
    /// Its token, from the developer portal.
    pub token: SecretString,
    /// Where the API is.
    pub api: Endpoint,
    /// A server that gets changed commands at once, for trying things out.
    pub test_server: Option<String>,
    /// How many connections to the gateway the bot has, in all programs together.
    pub shards: u32,
}

/// A database on a server.
#[derive(Debug)]
pub struct Store {
    /// Its address, which may hold a password.
    pub url: SecretString,
    /// How many connections to it at most.
    pub connections: u32,
}

/// How fast messages are sent: messages a second, 0 for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// How many messages of one platform are on their way at once.
    pub at_once: usize,
    /// To one chat.
    pub chat: u32,
    /// All that the Telegram bot sends.
    pub telegram: u32,
    /// What of that nobody waits for: reminders and check-ins.
    pub telegram_bulk: u32,
    /// All that the Discord bot sends.
    pub discord: u32,
    /// What of that nobody waits for.
    pub discord_bulk: u32,
}

impl Default for Pace {
    /// A little less than what both platforms allow. Telegram: Bots FAQ, "Broadcasting to users" (about 30 a second, 1 a second in
    /// a chat). Discord: "Rate Limits" (50 requests a second).
    fn default() -> Self {
        Self { at_once: 64, chat: 1, telegram: 28, telegram_bulk: 20, discord: 45, discord_bulk: 25 }
    }
}

/// Why the settings cannot be used: one sentence that says what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named cannot be read.
    #[error("The settings file {} cannot be read ({reason}): check its name and who may read it.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file is not TOML. Says where, but not what stands there: it could be a token.
    #[error("The settings file {file} is not valid TOML ({place}): correct that line.")]
    Malformed {
        /// The file.
        file: String,
        /// Line and column.
        place: String,
    },
    /// A key that does not exist, or a value of the wrong kind.
    #[error("The settings cannot be used: {0}. See config.example.toml for every key.")]
    Wrong(String),
    /// A token that cannot be one.
    #[error("The setting `{key}` does not look like a {kind} token: copy it again from {source_of_it}.")]
    Token {
        /// The key.
        key: String,
        /// Telegram bot, Discord bot.
        kind: &'static str,
        /// Where tokens come from.
        source_of_it: &'static str,
    },
    /// Both a secret and a file with the secret are set.
    #[error("Both `{0}` and `{0}_file` are set: remove one of them.")]
    Twice(&'static str),
    /// The database's address cannot be one. It is not shown: it may hold a password.
    #[error("The setting `{key}` {problem}: it should look like postgres://user:password@host/database.")]
    Database {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An address that may not be used.
    #[error("The setting `{key}` cannot be used: {reason}.")]
    Address {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        reason: EndpointError,
    },
    /// The data folder cannot be made or written.
    #[error(
        "The data folder {} cannot be written ({reason}): create it for the user that runs Goldseam, or set `data_dir` to a \
         folder that this user may write.",
        path.display()
    )]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    telegram: RawTelegram,
    discord: RawDiscord,
    data_dir: PathBuf,
    store: RawStore,
    prompts_dir: Option<PathBuf>,
    pace: Pace,
    network: Network,
    log: String,
    log_format: LogFormat,
    metrics: RawMetrics,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawMetrics {
    listen: String,
    anywhere: bool,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            telegram: RawTelegram::default(),
            discord: RawDiscord::default(),
            data_dir: "goldseam-data".into(),
            store: RawStore::default(),
            prompts_dir: None,
            pace: Pace::default(),
            network: Network::Open,
            log: "info".into(),
            log_format: LogFormat::Text,
            metrics: RawMetrics::default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTelegram {
    token: Option<SecretString>,
    token_file: Option<PathBuf>,
    api_url: String,
    webhook_url: Option<String>,
    webhook_listen: SocketAddr,
    webhook_secret: Option<SecretString>,
    webhook_secret_file: Option<PathBuf>,
}

impl Default for RawTelegram {
    fn default() -> Self {
        Self {
            token: None,
            token_file: None,
            api_url: "https://api.telegram.org".into(),
            webhook_url: None,
            webhook_listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            webhook_secret: None,
            webhook_secret_file: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawDiscord {
    token: Option<SecretString>,
    token_file: Option<PathBuf>,
    api_url: String,
    test_server: Option<String>,
    shards: u32,
}

impl Default for RawDiscord {
    fn default() -> Self {
        Self { token: None, token_file: None, api_url: "https://discord.com".into(), test_server: None, shards: 1 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawStore {
    url: Option<SecretString>,
    url_file: Option<PathBuf>,
    connections: u32,
}

impl Default for RawStore {
    fn default() -> Self {
        Self { url: None, url_file: None, connections: 8 }
    }
}

impl Config {
    /// Reads `file` (or [`DEFAULT_FILE`] when there is one and none was named), then the environment.
    ///
    /// # Errors
    /// One sentence on the first thing that is wrong.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let default = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default.exists().then_some(default));
        let text = file.map(|path| Ok((path.display().to_string(), read(path)?))).transpose()?;
        Self::parse(text.as_ref().map(|(name, text)| (name.as_str(), text.as_str())), environment())
    }

    /// The same from values: the file's name and text, and the variables whose names begin with `GOLDSEAM_`. An empty variable
    /// counts as not set.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(file: Option<(&str, &str)>, variables: HashMap<String, String>) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        if let Some((_, text)) = file {
            builder = builder.add_source(config::File::from_str(text, config::FileFormat::Toml));
        }
        let environment = config::Environment::with_prefix("GOLDSEAM")
            .prefix_separator("_")
            .separator("__")
            .ignore_empty(true)
            .source(Some(variables));
        let name = file.map_or("", |(name, _)| name);
        let built = builder.add_source(environment).build().map_err(|error| explain(name, error))?;
        let raw: Raw = built.try_deserialize().map_err(|error| explain(name, error))?;
        raw.check()
    }
}

impl Raw {
    fn check(self) -> Result<Config, ConfigError> {
        if self.discord.test_server.as_deref().is_some_and(|id| !is_number(id)) {
            return Err(ConfigError::Wrong("`discord.test_server` is not a server's id, which is a number".into()));
        }
        if !(1..=MOST_SHARDS).contains(&self.discord.shards) {
            return Err(ConfigError::Wrong(format!(
                "`discord.shards` is a number from 1 to {MOST_SHARDS}: one for each 1,000 servers that the bot is in, and 1 is right below that"
            )));
        }
        let store = self.store.check(self.network)?;
        if self.pace.at_once == 0 {
            return Err(ConfigError::Wrong("`pace.at_once` is 0, and then nothing could be sent".into()));
        }
        let RawTelegram { webhook_url: url, webhook_listen: listen, webhook_secret, webhook_secret_file, .. } =
            self.telegram;
        let webhook = webhook(url.as_deref(), listen, (webhook_secret, webhook_secret_file), self.network)?;
        let telegram = token(&TELEGRAM, self.telegram.token, self.telegram.token_file)?;
        let discord = token(&DISCORD, self.discord.token, self.discord.token_file)?;
        // Only a platform that is used has to be allowed; the other's address has to be one all the same.
        let reach = |used: bool| if used { self.network } else { Network::Open };
        let telegram_api = endpoint("telegram.api_url", &self.telegram.api_url, reach(telegram.is_some()))?;
        let discord_api = endpoint("discord.api_url", &self.discord.api_url, reach(discord.is_some()))?;
        Ok(Config {
            telegram: telegram.map(|token| Telegram { token, api: telegram_api, webhook }),
            discord: discord.map(|token| Discord {
                token,
                api: discord_api,
                test_server: self.discord.test_server,
                shards: self.discord.shards,
            }),
            data_dir: self.data_dir,
            store,
            prompts_dir: self.prompts_dir,
            pace: self.pace,
            network: self.network,
            log: self.log,
            log_format: self.log_format,
            metrics: self.metrics.check()?,
        })
    }
}

impl RawMetrics {
    fn check(self) -> Result<Option<SocketAddr>, ConfigError> {
        if self.listen.is_empty() {
            return Ok(None);
        }
        let wrong = |says: &str| ConfigError::Wrong(format!("`metrics.listen` {says}"));
        let address: SocketAddr =
            self.listen.parse().map_err(|_| wrong("is no address and port like 127.0.0.1:9464"))?;
        if !self.anywhere && !address.ip().is_loopback() {
            return Err(wrong(
                "is not on this machine alone. Everybody who reaches that port can read the metrics: \
                 choose 127.0.0.1, or set `metrics.anywhere = true`",
            ));
        }
        Ok(Some(address))
    }
}

impl RawStore {
    fn check(self, network: Network) -> Result<Option<Store>, ConfigError> {
        if !(1..=1_000).contains(&self.connections) {
            return Err(ConfigError::Wrong("`store.connections` is a number from 1 to 1000".into()));
        }
        let Some((key, url)) = secret("store.url", self.url, self.url_file)? else { return Ok(None) };
        let store = Store { url, connections: self.connections };
        store.check(network).map_err(|problem| ConfigError::Database { key, problem })?;
        Ok(Some(store))
    }
}

impl Store {
    /// Is this an address that may be used? If not, what is wrong with it.
    ///
    /// # Errors
    /// When it does not name a database of `PostgreSQL`, or one elsewhere under [`Network::Loopback`].
    pub fn check(&self, network: Network) -> Result<(), &'static str> {
        let url = Url::parse(self.url.expose_secret()).map_err(|_| "is not an address")?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err("does not name a PostgreSQL database");
        }
        // A parameter that is not known would be shown in the log by the driver, with its value.
        if url.query_pairs().any(|(key, _)| !PARAMETERS.contains(&&*key) && !key.starts_with("options[")) {
            return Err("has a parameter that does not exist");
        }
        if network == Network::Loopback && !is_here(&url) {
            return Err("is not on this machine, and the setting `network = \"loopback\"` allows nothing else");
        }
        Ok(())
    }
}

/// What may stand behind the question mark of a database's address.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Is this database on this machine: over the loopback network, or a socket, whose folder stands in the host's place?
fn is_here(url: &Url) -> bool {
    let of_parameters = url.query_pairs().filter(|(key, _)| matches!(&**key, "host" | "hostaddr"));
    let of_parameters: Vec<String> = of_parameters.map(|(_, host)| host.into_owned()).collect();
    let local = |host: &str| host.is_empty() || host.starts_with('/') || host.starts_with("%2F") || is_local(host);
    url.host_str().is_none_or(local) && of_parameters.iter().all(|host| local(host))
}

/// The ports that Telegram calls. Bot API, `setWebhook`.
const WEBHOOK_PORTS: [u16; 4] = [443, 80, 88, 8443];

/// How Telegram calls us, if it does.
fn webhook(
    url: Option<&str>,
    listen: SocketAddr,
    (secret, file): (Option<SecretString>, Option<PathBuf>),
    network: Network,
) -> Result<Option<telegram::Webhook>, ConfigError> {
    let wrong = |text: &str| Err(ConfigError::Wrong(text.to_owned()));
    let secret = self::secret("telegram.webhook_secret", secret, file)?;
    let (url, secret) = match (url, secret) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return wrong("`telegram.webhook_secret` is set, but `telegram.webhook_url` is not"),
        (Some(_), None) => return wrong("`telegram.webhook_url` needs a `telegram.webhook_secret`"),
        (Some(url), Some((_, secret))) => (endpoint("telegram.webhook_url", url, network)?, secret),
    };
    let address = url.url();
    let here = address.host_str().is_some_and(is_local);
    let port = address.port_or_known_default().unwrap_or_default();
    if !here && (address.scheme() != "https" || !WEBHOOK_PORTS.contains(&port)) {
        return wrong("`telegram.webhook_url` has to begin with https://, on port 443, 80, 88 or 8443");
    }
    if !telegram::secret_shape_ok(secret.expose_secret()) {
        return wrong(
            "`telegram.webhook_secret` has to be 16 to 256 of A-Z, a-z, 0-9, _ and -, e.g. from `openssl rand -hex 32`",
        );
    }
    Ok(Some(telegram::Webhook { url, listen, secret }))
}

/// What a platform's token looks like and where it comes from.
struct TokenKind {
    key: &'static str,
    name: &'static str,
    source: &'static str,
    looks_right: fn(&str) -> bool,
}

const TELEGRAM: TokenKind = TokenKind {
    key: "telegram.token",
    name: "Telegram bot",
    source: "@BotFather on Telegram",
    looks_right: telegram::token_shape_ok,
};
const DISCORD: TokenKind = TokenKind {
    key: "discord.token",
    name: "Discord bot",
    source: "the Bot page of the Discord developer portal",
    looks_right: discord::token_shape_ok,
};

fn token(
    kind: &TokenKind,
    direct: Option<SecretString>,
    file: Option<PathBuf>,
) -> Result<Option<SecretString>, ConfigError> {
    let Some((key, token)) = secret(kind.key, direct, file)? else { return Ok(None) };
    if !(kind.looks_right)(token.expose_secret()) {
        return Err(ConfigError::Token { key, kind: kind.name, source_of_it: kind.source });
    }
    Ok(Some(token))
}

/// A secret that is set directly or stands in a file, and the key that it came from.
fn secret(
    key: &'static str,
    direct: Option<SecretString>,
    file: Option<PathBuf>,
) -> Result<Option<(String, SecretString)>, ConfigError> {
    match (direct.filter(|secret| !secret.expose_secret().is_empty()), file) {
        (Some(_), Some(_)) => Err(ConfigError::Twice(key)),
        (Some(secret), None) => Ok(Some((key.to_owned(), secret))),
        (None, Some(path)) => Ok(Some((format!("{key}_file"), SecretString::from(read(&path)?.trim())))),
        (None, None) => Ok(None),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn endpoint(key: &'static str, address: &str, network: Network) -> Result<Endpoint, ConfigError> {
    Endpoint::new(address, network).map_err(|reason| ConfigError::Address { key, reason })
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.kind().to_string() })
}

/// Whether the terminal says that it shows true colours (`COLORTERM`), and nobody asked for none (`NO_COLOR`).
#[must_use]
pub fn terminal_has_colours() -> bool {
    let of = |wanted: &str| std::env::vars_os().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let none = of("NO_COLOR").is_some_and(|value| !value.is_empty());
    !none && of("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit")
}

/// Our variables. One that is not text is passed over: no setting of ours needs such bytes.
fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect()
}

/// Our sentence for the reader's error. A syntax error would quote the line, and that line may hold a token.
fn explain(file: &str, error: config::ConfigError) -> ConfigError {
    match error {
        config::ConfigError::FileParse { cause, .. } => {
            let place = cause.to_string().lines().next().unwrap_or_default().replace("TOML parse error ", "");
            ConfigError::Malformed { file: file.to_owned(), place }
        }
        config::ConfigError::Type { expected, key, .. } => {
            ConfigError::Wrong(format!("`{}` should be {expected}", key.unwrap_or_default()))
        }
        config::ConfigError::At { error, key, .. } => {
            let key = key.unwrap_or_default();
            ConfigError::Wrong(format!("`{key}`: {}", explain(file, *error).detail()))
        }
        other => ConfigError::Wrong(other.to_string()),
    }
}

impl ConfigError {
    fn detail(self) -> String {
        match self {
            ConfigError::Wrong(text) => text,
            other => other.to_string(),
        }
    }
}

/// Creates the data folder, readable by its owner only, and tries to write in it.
///
/// # Errors
/// One sentence with what to do when that fails.
pub fn prepare_data_dir(path: &Path) -> Result<(), ConfigError> {
    try_data_dir(path).map_err(|error| ConfigError::DataDir { path: path.to_owned(), reason: error.to_string() })
}

fn try_data_dir(path: &Path) -> std::io::Result<()> {
    if !path.is_dir() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
    }
    let probe = path.join(".goldseam-write-test");
    fs::write(&probe, b"")?;
    fs::remove_file(&probe)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TELEGRAM_TOKEN: &str = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
    const DISCORD_TOKEN: &str = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";

    fn variables(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn from_file(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Some(("goldseam.toml", text)), HashMap::new())
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        from_file(text).unwrap_err().to_string()
    }

    #[test]
    fn nothing_set_means_no_platform_and_the_documented_defaults() {
        let config = Config::parse(None, HashMap::new()).unwrap();
        assert!(config.telegram.is_none() && config.discord.is_none());
        assert_eq!(config.data_dir, Path::new("goldseam-data"));
        assert_eq!((config.prompts_dir, config.network, config.log.as_str()), (None, Network::Open, "info"));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = format!("data_dir = \"a\"\n[telegram]\ntoken = \"{TELEGRAM_TOKEN}\"");
        let environment = variables(&[
            ("GOLDSEAM_DATA_DIR", "b"),
            ("GOLDSEAM_DISCORD__TOKEN", DISCORD_TOKEN),
            ("GOLDSEAM_DISCORD__TEST_SERVER", "81384788765712384"),
            ("GOLDSEAM_DISCORD__API_URL", "http://127.0.0.1:9/"),
            ("GOLDSEAM_TELEGRAM__API_URL", "http://localhost:8"),
            ("GOLDSEAM_NETWORK", "loopback"),
            ("GOLDSEAM_PROMPTS_DIR", "my/prompts"),
            ("GOLDSEAM_LOG", "debug"),
        ]);
        let config = Config::parse(Some(("x.toml", &file)), environment).unwrap();
        assert_eq!(config.data_dir, Path::new("b"));
        let discord = config.discord.unwrap();
        assert_eq!(discord.api.as_str(), "http://127.0.0.1:9");
        assert_eq!(discord.test_server.as_deref(), Some("81384788765712384"));
        assert_eq!(config.telegram.unwrap().token.expose_secret(), TELEGRAM_TOKEN);
        assert_eq!((config.network, config.log.as_str()), (Network::Loopback, "debug"));
    }

    #[test]
    fn an_empty_token_counts_as_not_set() {
        let environment = variables(&[("GOLDSEAM_TELEGRAM__TOKEN", "")]);
        assert!(Config::parse(None, environment).unwrap().telegram.is_none());
        assert!(from_file("[telegram]\ntoken = \"\"").unwrap().telegram.is_none());
    }

    #[test]
    fn a_token_that_looks_like_a_number_stays_text_and_is_refused_as_a_token() {
        let environment = variables(&[("GOLDSEAM_TELEGRAM__TOKEN", "0123456")]);
        let error = Config::parse(None, environment).unwrap_err().to_string();
        assert!(error.contains("`telegram.token` does not look like a Telegram bot token"), "{error}");
        assert!(!error.contains("0123456"), "{error}");
    }

    #[test]
    fn malformed_tokens_are_refused_without_being_shown() {
        for (section, token) in [("telegram", DISCORD_TOKEN), ("discord", TELEGRAM_TOKEN), ("discord", "Bot x.y.z")] {
            let error = refused(&format!("[{section}]\ntoken = \"{token}\""));
            assert!(error.contains(&format!("`{section}.token`")) && !error.contains(token), "{error}");
        }
    }

    #[test]
    fn unknown_keys_and_values_are_refused_by_name() {
        assert!(refused("tokn = \"x\"").contains("tokn"));
        assert!(refused("[telegram]\ntokenn = \"x\"").contains("tokenn"));
        assert!(refused("network = \"closed\"").contains("network"));
        assert!(refused("[discord]\ntest_server = \"my server\"").contains("discord.test_server"));
        let error = Config::parse(None, variables(&[("GOLDSEAM_DATADIR", "x")])).unwrap_err().to_string();
        assert!(error.contains("datadir"), "{error}");
    }

    #[test]
    fn discord_has_one_connection_unless_more_are_asked_for() {
        let with = |shards: &str| from_file(&format!("[discord]\ntoken = \"{DISCORD_TOKEN}\"\n{shards}"));
        assert_eq!(with("").unwrap().discord.unwrap().shards, 1);
        assert_eq!(with("shards = 64").unwrap().discord.unwrap().shards, 64);
        for wrong in ["0", "65", "-1", "\"auto\""] {
            let error = with(&format!("shards = {wrong}")).unwrap_err().to_string();
            assert!(error.contains("shards"), "{error}");
        }
        assert!(refused("[discord]\nshards = 0").contains("from 1 to 64"));
    }

    #[test]
    fn the_pace_can_be_set_and_switched_off() {
        let config = from_file("[pace]\ntelegram = 0\ndiscord_bulk = 5").unwrap();
        assert_eq!(config.pace, Pace { telegram: 0, discord_bulk: 5, ..Pace::default() });
        let environment = variables(&[("GOLDSEAM_PACE__AT_ONCE", "8")]);
        assert_eq!(Config::parse(None, environment).unwrap().pace.at_once, 8);
        assert!(refused("[pace]\nat_once = 0").contains("pace.at_once"));
        assert!(refused("[pace]\ntelegram = -1").contains("pace"));
        assert!(refused("[pace]\nsignal = 3").contains("signal"));
    }

    #[test]
    fn a_webhook_needs_an_address_that_telegram_calls_and_a_secret() {
        let settings = |url: &str, rest: &str| format!("[telegram]\nwebhook_url = \"{url}\"\n{rest}");
        let secret = "webhook_secret = \"0123456789abcdef\"";
        let token = "token = \"123456:TEST-token_of_a_fake_server\"";
        let config = from_file(&settings("https://bot.example.org/in", &format!("{secret}\n{token}"))).unwrap();
        let webhook = config.telegram.unwrap().webhook.unwrap();
        assert_eq!((webhook.url.as_str(), webhook.listen.port()), ("https://bot.example.org/in", 8080));
        assert!(!format!("{webhook:?}").contains("0123456789abcdef"));
        assert!(from_file(&settings("http://127.0.0.1:9000", secret)).is_ok(), "behind a server of one's own");
        for (url, rest, words) in [
            ("https://bot.example.org", "", "needs a `telegram.webhook_secret`"),
            ("http://bot.example.org", secret, "https://"),
            ("https://bot.example.org:8080", secret, "8443"),
            ("bot.example.org", secret, "webhook_url"),
            ("https://bot.example.org", "webhook_secret = \"short\"", "16 to 256"),
            ("https://bot.example.org", "webhook_secret = \"a secret with spaces in it\"", "16 to 256"),
        ] {
            let error = refused(&settings(url, rest));
            assert!(error.contains(words) && !error.contains("a secret with"), "{url} {rest}: {error}");
        }
        assert!(refused(&format!("[telegram]\n{secret}")).contains("webhook_url"));
        assert!(refused("[telegram]\nwebhook_listen = \"everywhere\"").contains("webhook_listen"));
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line_but_never_with_its_content() {
        let error = refused("log = \"info\"\n[telegram]\ntoken = \"123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw");
        assert!(error.contains("goldseam.toml") && error.contains("line 3"), "{error}");
        assert!(!error.contains("AAHdqTcv"), "{error}");
    }

    #[test]
    fn a_token_may_come_from_a_file_but_not_from_two_places() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, format!("{TELEGRAM_TOKEN}\n")).unwrap();
        let file = format!("[telegram]\ntoken_file = \"{}\"", path.display());
        assert_eq!(from_file(&file).unwrap().telegram.unwrap().token.expose_secret(), TELEGRAM_TOKEN);
        let both = refused(&format!("{file}\ntoken = \"{TELEGRAM_TOKEN}\""));
        assert!(both.contains("telegram.token_file") && both.contains("remove one"), "{both}");
        let missing = refused("[discord]\ntoken_file = \"/nowhere/token\"");
        assert!(missing.contains("/nowhere/token"), "{missing}");
    }

    #[test]
    fn a_database_on_a_server_is_named_by_its_address() {
        let config = from_file("[store]\nurl = \"postgres://me:s3cret@db/goldseam\"\nconnections = 20").unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
        let store = config.store.unwrap();
        assert_eq!((store.url.expose_secret(), store.connections), ("postgres://me:s3cret@db/goldseam", 20));
        let environment = variables(&[("GOLDSEAM_STORE__URL", "postgresql:///goldseam")]);
        assert_eq!(Config::parse(None, environment).unwrap().store.unwrap().connections, 8);
        assert!(from_file("[store]\nurl = \"\"").unwrap().store.is_none());
    }

    #[test]
    fn an_address_that_is_no_database_is_refused_without_being_shown() {
        for url in ["s3cret", "mysql://me:s3cret@db/x", "sqlite:///s3cret", "postgres://db/x?passwort=s3cret"] {
            let error = refused(&format!("[store]\nurl = \"{url}\""));
            assert!(error.contains("`store.url`") && !error.contains("s3cret"), "{error}");
        }
        assert!(refused("[store]\nconnections = 0").contains("store.connections"));
        assert!(refused("[store]\nurl = \"postgres://a\"\nurl_file = \"b\"").contains("`store.url_file`"));
    }

    #[test]
    fn a_database_elsewhere_is_refused_on_the_loopback_network() {
        let on_loopback = |url: &str| from_file(&format!("network = \"loopback\"\n[store]\nurl = \"{url}\""));
        for here in
            ["postgres:///g", "postgres://localhost/g", "postgres://127.0.0.1:5433/g", "postgres://%2Frun%2Fpg/g"]
        {
            assert!(on_loopback(here).is_ok(), "{here}");
        }
        for elsewhere in ["postgres://db.example.org/g", "postgres:///g?host=10.0.0.1"] {
            assert!(on_loopback(elsewhere).is_err(), "{elsewhere}");
        }
    }

    #[test]
    fn other_hosts_are_refused_on_the_loopback_network() {
        let error = refused(&format!("network = \"loopback\"\n[telegram]\ntoken = \"{TELEGRAM_TOKEN}\""));
        assert!(error.contains("`telegram.api_url`"), "{error}");
        from_file("network = \"loopback\"").expect("a platform that is not used reaches nobody");
    }

    #[test]
    fn metrics_are_for_this_machine_unless_it_is_said_otherwise() {
        assert_eq!(from_file("").unwrap().metrics, None);
        let here = from_file("[metrics]\nlisten = \"127.0.0.1:9464\"").unwrap().metrics;
        assert_eq!(here, Some("127.0.0.1:9464".parse().unwrap()));
        for everywhere in ["0.0.0.0:9464", "[::]:9464", "10.1.2.3:9464"] {
            let listen = format!("[metrics]\nlisten = \"{everywhere}\"");
            let error = refused(&listen);
            assert!(error.contains("`metrics.listen`") && error.contains("`metrics.anywhere = true`"), "{error}");
            assert!(from_file(&format!("{listen}\nanywhere = true")).unwrap().metrics.is_some());
        }
        assert!(refused("[metrics]\nlisten = \"9464\"").contains("`metrics.listen`"));
        assert_eq!(from_file("log_format = \"json\"").unwrap().log_format, LogFormat::Json);
        assert!(refused("log_format = \"xml\"").contains("log_format"));
    }

    #[test]
    fn debug_hides_the_token() {
        let config = from_file(&format!("[telegram]\ntoken = \"{TELEGRAM_TOKEN}\"")).unwrap();
        assert!(!format!("{config:?}").contains("AAHdqTcv"));
    }

    #[test]
    fn the_example_is_valid_as_it_is_and_with_every_key_switched_on() {
        let example = include_str!("../config.example.toml");
        from_file(example).unwrap();
        let on: String = example
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .filter(|line| !line.contains("_file = "))
            .collect();
        let config = from_file(&on).unwrap();
        assert!(config.telegram.is_some() && config.discord.unwrap().test_server.is_some());
        assert!(config.prompts_dir.is_some() && config.store.is_some());
        assert!(config.metrics.is_some() && config.log_format == LogFormat::Json);
    }

    #[test]
    #[cfg(unix)]
    fn the_data_folder_is_made_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        prepare_data_dir(&data).unwrap();
        assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
        prepare_data_dir(&data).unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = prepare_data_dir(&file.join("x")).unwrap_err().to_string();
        assert!(error.contains("set `data_dir`"), "{error}");
    }
}
