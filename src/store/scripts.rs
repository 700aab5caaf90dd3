//! The texts of scripts that were in use, for those who are in the middle of one.

use jiff::Timestamp;

use super::{Result, Tx, millis};
use crate::script::EarlierText;

impl Tx {
    /// Keeps the present text of a script, or notes that it is still present.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_script(&mut self, name: &str, rev: &str, text: &str, now: Timestamp) -> Result<()> {
        sqlx::query(
            "insert into script_texts (name, rev, body, present_at) values ($1, $2, $3, $4)
             on conflict (name, rev) do update set present_at = excluded.present_at",
        )
        .bind(name)
        .bind(rev)
        .bind(text)
        .bind(millis(now))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Which texts are kept?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn scripts_kept(&mut self) -> Result<Vec<EarlierText>> {
        let rows: Vec<(String, String, String, i64)> =
            sqlx::query_as("select name, rev, body, withdrawn from script_texts order by name, rev")
                .fetch_all(&mut *self.tx)
                .await?;
        let text = |(name, rev, text, withdrawn)| EarlierText { name, rev, text, withdrawn: withdrawn != 0 };
        Ok(rows.into_iter().map(text).collect())
    }

    /// Which texts were last present before this time, and not withdrawn? Name and revision.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn scripts_absent_since(&mut self, oldest: Timestamp) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as("select name, rev from script_texts where present_at < $1 and withdrawn = 0")
            .bind(millis(oldest))
            .fetch_all(&mut *self.tx)
            .await?)
    }

    /// Forgets a text.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_script(&mut self, name: &str, rev: &str) -> Result<()> {
        sqlx::query("delete from script_texts where name = $1 and rev = $2")
            .bind(name)
            .bind(rev)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Which texts were withdrawn? Name and revision.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn scripts_withdrawn(&mut self) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as("select name, rev from script_texts where withdrawn = 1 order by name, rev")
            .fetch_all(&mut *self.tx)
            .await?)
    }

    /// Takes a text out of use, or gives it back; false when it is not kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw_script(&mut self, name: &str, rev: &str, withdrawn: bool) -> Result<bool> {
        let done = sqlx::query("update script_texts set withdrawn = $3 where name = $1 and rev = $2")
            .bind(name)
            .bind(rev)
            .bind(i64::from(withdrawn))
            .execute(&mut *self.tx)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
