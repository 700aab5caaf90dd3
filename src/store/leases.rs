//! Roles that one of several programs has for a while, by the clock of the database. Only for a server: a file has one program.

use std::time::Duration;

use super::{Result, Tx};

/// What the name of a lease begins with that says when something happened ([`Tx::once_in`]).
const ONCE: &str = "once:";
/// What the name of a lease begins with that says how many roles a program has ([`Tx::wish`]).
const WISH: &str = "wish:";
/// Leases that are no roles.
pub(super) const NO_ROLES: [&str; 2] = [ONCE, WISH];

/// A role that a program was given. A later one of the same role ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is about.
    pub role: String,
    /// The program that has it, as its store is called ([`super::Store::name`]).
    pub holder: String,
    /// Which time it was given.
    pub epoch: i64,
}

impl Tx {
    /// Makes a role known that programs may ask for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_role(&mut self, role: &str) -> Result<()> {
        sqlx::query("insert into leases (role) values ($1) on conflict (role) do nothing")
            .bind(role)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Gives a role to whoever has it already, or to the first who asks when nobody has it any more: when its time is over, or
    /// when the server has no connection of its holder, which then has died. `None` when somebody else has it. A holder that
    /// comes back in time keeps its epoch, one that is late gets a new one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask_for_role(&mut self, role: &str, holder: &str, span: Duration) -> Result<Option<Lease>> {
        let row: Option<(i64,)> = sqlx::query_as(
            "update leases
             set epoch = case when holder = $2 and until > extract(epoch from clock_timestamp()) * 1000 then epoch
                              else epoch + 1 end,
                 holder = $2,
                 until = cast(extract(epoch from clock_timestamp()) * 1000 as bigint) + $3
             where role = $1
               and (holder = $2 or case when until <= extract(epoch from clock_timestamp()) * 1000 then true
                                        else pg_try_advisory_xact_lock(cast(holder as bigint)) end)
             returning epoch",
        )
        .bind(role)
        .bind(holder)
        .bind(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(|(epoch,)| Lease { role: role.to_owned(), holder: holder.to_owned(), epoch }))
    }

    /// May something happen that happens at most once in `span`, in all programs together? If so, it counts as having happened.
    /// A lease that nobody renews, and that outlives its holder: what happened has happened.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn once_in(&mut self, name: &str, span: Duration) -> Result<bool> {
        let role = format!("{ONCE}{name}");
        self.add_role(&role).await?;
        let done = sqlx::query(
            "update leases
             set epoch = epoch + 1, until = cast(extract(epoch from clock_timestamp()) * 1000 as bigint) + $2
             where role = $1 and until <= extract(epoch from clock_timestamp()) * 1000",
        )
        .bind(role)
        .bind(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Says for a while that this program has so many roles of a kind, and tells the smallest number that another one says that lives.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wish(&mut self, kind: &str, many: usize, holder: &str, span: Duration) -> Result<Option<usize>> {
        let (fewest,): (Option<i64>,) = sqlx::query_as(
            "with clock as (select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now),
             gone as (delete from leases where role in (
                          select role from leases, clock
                          where starts_with(role, $1) and until <= now and holder <> $2 for update of leases skip locked)),
             said as (insert into leases (role, holder, epoch, until) select $1 || $2, $2, $3, now + $4 from clock
                      on conflict (role) do update set epoch = excluded.epoch, until = excluded.until)
             select min(epoch) from leases, clock
             where starts_with(role, $1) and holder <> $2
               and case when until <= now then false else not pg_try_advisory_xact_lock(cast(holder as bigint)) end",
        )
        .bind(format!("{WISH}{kind}:"))
        .bind(holder)
        .bind(i64::try_from(many).unwrap_or(i64::MAX))
        .bind(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(fewest.and_then(|fewest| usize::try_from(fewest).ok()))
    }

    /// Is this lease good? If so, nobody else is given the role before this transaction ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_role(&mut self, lease: &Lease) -> Result<bool> {
        let row: Option<(i64,)> = sqlx::query_as(
            "select epoch from leases
             where role = $1 and holder = $2 and epoch = $3 and until > extract(epoch from clock_timestamp()) * 1000
             for share",
        )
        .bind(&lease.role)
        .bind(&lease.holder)
        .bind(lease.epoch)
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.is_some())
    }

    /// Gives a role back, so that the next one need not wait.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_role_back(&mut self, lease: &Lease) -> Result<()> {
        sqlx::query(
            "update leases set until = least(until, cast(extract(epoch from clock_timestamp()) * 1000 as bigint) - 1)
             where role = $1 and holder = $2 and epoch = $3",
        )
        .bind(&lease.role)
        .bind(&lease.holder)
        .bind(lease.epoch)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
