//! Calls between the programs of one server: hints that there is something to do. They may get lost; what is true is in the rows.

use secrecy::ExposeSecret;
use sqlx::postgres::PgListener;

use super::{Result, Store};

/// The one channel.
const CHANNEL: &str = "goldseam";

/// Hears what other programs of the same database call, and what this one calls itself.
pub struct Calls(PgListener);

impl Store {
    /// Begins to hear calls, on a connection of its own; `None` for a file, where nobody else is.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn hear(&self) -> Result<Option<Calls>> {
        let Some(server) = &self.0.server else { return Ok(None) };
        let mut listener = PgListener::connect(server.url().expose_secret()).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Calls(listener)))
    }

    /// Calls a word to all programs of this database. Nobody hears it on a file.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn call(&self, word: &str) -> Result<()> {
        if self.0.server.is_some() {
            sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(word).execute(&self.0.pool).await?;
        }
        Ok(())
    }
}

impl Calls {
    /// The next word; waits for it. `None` when some may have been missed, because the connection was lost and made anew.
    ///
    /// # Errors
    /// When the server cannot be reached any more.
    pub async fn next(&mut self) -> Result<Option<String>> {
        Ok(self.0.try_recv().await?.map(|call| call.payload().to_owned()))
    }
}
