//! What follows from a platform's "no": a table from error, platform and purpose to what happens to the row. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::SendError;
use crate::store::{Claimed, End};
use crate::types::{Platform, Purpose};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// The pause that doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// How long Discord recognises a message by its nonce, less a margin ("a few minutes": Discord API, Create Message).
const NONCE_MEMORY: Duration = Duration::from_mins(2);
/// How often a chat may move before we stop following it.
const MOVES: i64 = 5;

/// What happens to a row that was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again after a pause; it surely did not arrive.
    Again { pause: Duration, counts: bool, code: &'static str },
    /// Wait as told, the whole platform too if `platform`.
    Wait { pause: Duration, platform: bool },
    /// Try again after a pause, although it may have arrived.
    Unclear { pause: Duration },
    /// It is over.
    Over(End, &'static str),
    /// It is over, and so is writing to this account.
    Gone,
    /// Follow the chat, then try again.
    Moved(String),
    /// Keep the row; the platform is stopped until the next start.
    Stop,
}

/// Decides. `random(max)` gives a number of milliseconds from 0 to `max`.
pub(super) fn verdict(claimed: &Claimed, error: &SendError, now: Timestamp, random: impl Fn(u64) -> u64) -> Verdict {
    let pause = || backoff(claimed.attempts, &random);
    match error {
        SendError::NotSent(_) => Verdict::Again { pause: pause(), counts: true, code: "not_sent" },
        SendError::Ambiguous(_) if may_repeat(claimed, now) => Verdict::Unclear { pause: pause() },
        SendError::Ambiguous(_) => Verdict::Over(End::Unknown, "unclear"),
        SendError::RateLimited { retry_after, global } => {
            Verdict::Wait { pause: *retry_after + Duration::from_millis(random(1000)), platform: *global }
        }
        SendError::Gone(_) => Verdict::Gone,
        SendError::Moved { to } if claimed.attempts < MOVES => Verdict::Moved(to.clone()),
        SendError::Moved { .. } => Verdict::Over(End::Dead, "moved_too_often"),
        SendError::Refused(_) => Verdict::Over(End::Dead, "refused"),
        SendError::Unauthorized => Verdict::Stop,
    }
}

/// May a message that perhaps arrived be sent again? Always where a second copy is recognised. Else once, if a second copy is
/// better than none.
fn may_repeat(claimed: &Claimed, now: Timestamp) -> bool {
    let once = claimed.unclear == 0 && matches!(claimed.purpose, Purpose::Reply | Purpose::Reminder);
    match claimed.platform {
        Platform::Console => true,
        Platform::Discord => within(claimed.first_attempt, NONCE_MEMORY, now) || once,
        Platform::Telegram => once,
    }
}

fn within(since: Timestamp, span: Duration, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(since)).unwrap_or_default() < span
}

/// Full jitter: anything from nothing to a bound that doubles with each attempt.
fn backoff(attempts: i64, random: &impl Fn(u64) -> u64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(u32::try_from(attempts).unwrap_or(0)));
    let bound = u64::try_from(doubled.min(LONGEST_PAUSE).as_millis()).unwrap_or(0);
    Duration::from_millis(random(bound).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(platform: Platform, purpose: Purpose, attempts: i64, unclear: i64) -> Claimed {
        Claimed {
            letter: None,
            id: 1,
            attempt: "a".into(),
            account: 1,
            platform,
            priority: 1,
            purpose,
            attempts,
            unclear,
            first_attempt: Timestamp::UNIX_EPOCH,
            expires: None,
            more: false,
        }
    }

    fn ambiguous(platform: Platform, purpose: Purpose, unclear: i64, seconds: i64) -> Verdict {
        let now = Timestamp::from_second(seconds).unwrap();
        verdict(&claimed(platform, purpose, 0, unclear), &SendError::Ambiguous("504".into()), now, |max| max)
    }

    #[test]
    fn what_may_have_arrived_is_repeated_only_where_that_is_better() {
        let again = Verdict::Unclear { pause: Duration::from_secs(2) };
        let over = Verdict::Over(End::Unknown, "unclear");
        let cases = [
            (Platform::Telegram, Purpose::Reply, 0, 0, &again),
            (Platform::Telegram, Purpose::Reply, 1, 0, &over),
            (Platform::Telegram, Purpose::Reminder, 0, 0, &again),
            (Platform::Telegram, Purpose::Nudge, 0, 0, &over),
            (Platform::Discord, Purpose::Nudge, 3, 119, &again),
            (Platform::Discord, Purpose::Nudge, 3, 121, &over),
            (Platform::Discord, Purpose::Reply, 3, 121, &over),
            (Platform::Discord, Purpose::Reply, 0, 3600, &again),
            (Platform::Console, Purpose::Nudge, 9, 9999, &again),
        ];
        for (platform, purpose, unclear, seconds, expected) in cases {
            let found = ambiguous(platform, purpose, unclear, seconds);
            assert_eq!(&found, expected, "{platform} {purpose:?}, {unclear} unclear, after {seconds}s");
        }
    }

    #[test]
    fn pauses_double_up_to_ten_minutes_and_are_spread() {
        let pause = |attempts, roll: fn(u64) -> u64| backoff(attempts, &roll).as_millis();
        assert_eq!([0, 1, 5, 9, 60].map(|n| pause(n, |max| max)), [2000, 4000, 64_000, 600_000, 600_000]);
        assert_eq!(pause(5, |_| 0), 1);
    }

    #[test]
    fn the_other_answers_have_one_meaning_each() {
        let row = claimed(Platform::Telegram, Purpose::Reply, 0, 0);
        let decide = |error| verdict(&row, &error, Timestamp::UNIX_EPOCH, |_| 0);
        let wait = Duration::from_secs(3);
        let cases = [
            (
                SendError::NotSent("dns".into()),
                Verdict::Again { pause: Duration::from_millis(1), counts: true, code: "not_sent" },
            ),
            (SendError::RateLimited { retry_after: wait, global: true }, Verdict::Wait { pause: wait, platform: true }),
            (SendError::Gone("403".into()), Verdict::Gone),
            (SendError::Moved { to: "-100".into() }, Verdict::Moved("-100".into())),
            (SendError::Refused("400".into()), Verdict::Over(End::Dead, "refused")),
            (SendError::Unauthorized, Verdict::Stop),
        ];
        for (error, expected) in cases {
            assert_eq!(decide(error.clone()), expected, "{error}");
        }
        let lost = claimed(Platform::Telegram, Purpose::Reply, MOVES, 0);
        let moved = verdict(&lost, &SendError::Moved { to: "x".into() }, Timestamp::UNIX_EPOCH, |_| 0);
        assert_eq!(moved, Verdict::Over(End::Dead, "moved_too_often"));
    }
}
