//! What follows from a platform's "no": a table from error, platform and purpose to what happens to the row. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::line::HELP;
use super::{SendError, Waits};
use crate::store::{Claimed, End};
use crate::types::{Platform, Purpose};

/// The longest pause between two attempts, and between two of an answer: somebody waits for it.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
const LONGEST_PAUSE_OF_ANSWERS: Duration = Duration::from_mins(1);
/// The pause that doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// How long Discord recognises a message by its nonce, less a margin ("a few minutes": Discord API, Create Message).
const NONCE_MEMORY: Duration = Duration::from_mins(2);
/// How often a change of a message is tried although it may be done: if it cannot be changed, a new one is sent instead.
const EDITS: i64 = 3;
/// How often a message may be on its way when the program ends. One that is again and again may be what ends it.
const ENDS: i64 = 5;
/// How often a message is tried of which the platform says that it failed: over more than forty minutes. Each time it may have
/// arrived all the same.
const FAILURES: i64 = 16;
/// Help is tried again within so many milliseconds of a trouble, so that it is there five seconds after the platform is; after so
/// many attempts it waits longer.
const HELP_PAUSE: u64 = 4_000;
const HELP_ATTEMPTS: i64 = 200;
/// How often a chat may move before we stop following it.
const MOVES: i64 = 5;

/// What happens to a row that was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again after a pause; it surely did not arrive.
    Again { pause: Duration, counts: bool, code: &'static str },
    /// Wait as told.
    Wait { pause: Duration, who: Waits },
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
pub(super) fn verdict(claimed: &Claimed, error: &SendError, random: impl Fn(u64) -> u64) -> Verdict {
    if let Some(verdict) = verdict_on_help(claimed, error, &random) {
        return verdict;
    }
    let pause = || backoff(claimed, &random);
    match error {
        SendError::NotSent(_) => Verdict::Again { pause: pause(), counts: true, code: "not_sent" },
        SendError::Failed(_) if claimed.unclear < FAILURES => Verdict::Unclear { pause: patience(claimed, &random) },
        SendError::Ambiguous(_) if may_repeat(claimed) => Verdict::Unclear { pause: pause() },
        SendError::Failed(_) | SendError::Ambiguous(_) => Verdict::Over(End::Unknown, "unclear"),
        SendError::RateLimited { retry_after, who } => {
            Verdict::Wait { pause: *retry_after + Duration::from_millis(random(1000)), who: *who }
        }
        SendError::Gone(_) => Verdict::Gone,
        SendError::Moved { to } if claimed.attempts < MOVES => Verdict::Moved(to.clone()),
        SendError::Moved { .. } => Verdict::Over(End::Dead, "moved_too_often"),
        SendError::Refused(_) => Verdict::Over(End::Dead, "refused"),
        SendError::Unauthorized => Verdict::Stop,
    }
}

/// Help for somebody who may be in danger is not given up while it is of use, whatever the trouble is. Where it surely or most likely
/// did not arrive, it is tried again at once; where nobody knows, after a pause that doubles, because a second copy frightens.
fn verdict_on_help(claimed: &Claimed, error: &SendError, random: &impl Fn(u64) -> u64) -> Option<Verdict> {
    if claimed.priority != HELP {
        return None;
    }
    let longest = if claimed.attempts < HELP_ATTEMPTS { HELP_PAUSE } else { 8 * HELP_PAUSE };
    let soon = || Duration::from_millis(longest / 4 + random(longest * 3 / 4));
    match error {
        SendError::NotSent(_) => Some(Verdict::Again { pause: soon(), counts: true, code: "not_sent" }),
        SendError::Failed(_) => Some(Verdict::Unclear { pause: soon() }),
        SendError::Ambiguous(_) => {
            let pause = Duration::from_millis(doubled(claimed.unclear, LONGEST_PAUSE));
            Some(Verdict::Unclear { pause })
        }
        _ => None,
    }
}

/// Decides about a message whose sender is no more. An answer or a reminder goes out again after each such end, so that two crashes
/// in a row lose nothing; each of them may leave one more copy where copies are not recognised.
pub(super) fn verdict_without_sender(claimed: &Claimed, random: impl Fn(u64) -> u64) -> Verdict {
    let wanted = matches!(claimed.purpose, Purpose::Reply | Purpose::Reminder) && claimed.unclear < ENDS;
    if wanted || may_repeat(claimed) {
        // The platform gave no reason to wait.
        return Verdict::Unclear { pause: backoff_after(0, claimed.purpose, &random) };
    }
    Verdict::Over(End::Unknown, "unclear")
}

/// May a message that perhaps arrived be sent again? Always where a second copy is recognised, or changes what is there already
/// into what it is. Else once, if a second copy is better than none.
fn may_repeat(claimed: &Claimed) -> bool {
    let edits = claimed.letter.as_ref().is_some_and(|letter| letter.message.edits);
    match claimed.platform {
        Platform::Console | Platform::Discord => true,
        Platform::Telegram if edits => claimed.unclear < EDITS,
        Platform::Telegram => claimed.unclear == 0 && matches!(claimed.purpose, Purpose::Reply | Purpose::Reminder),
    }
}

/// Since when a message may lie there that its platform does not recognise any more; `None` when there is none such.
pub(super) fn look_since(claimed: &Claimed, now: Timestamp) -> Option<Timestamp> {
    let forgotten = claimed.unclear > 0 && !within(claimed.first_attempt, NONCE_MEMORY, now);
    forgotten.then_some(claimed.first_attempt)
}

fn within(since: Timestamp, span: Duration, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(since)).unwrap_or_default() < span
}

fn backoff(claimed: &Claimed, random: &impl Fn(u64) -> u64) -> Duration {
    backoff_after(claimed.attempts, claimed.purpose, random)
}

/// Full jitter: anything from nothing to a bound that doubles with each attempt.
fn backoff_after(attempts: i64, purpose: Purpose, random: &impl Fn(u64) -> u64) -> Duration {
    let longest = if purpose == Purpose::Reply { LONGEST_PAUSE_OF_ANSWERS } else { LONGEST_PAUSE };
    Duration::from_millis(random(doubled(attempts, longest)).max(1))
}

/// Between half of that bound and all of it, whatever it is about: a platform in trouble is given time.
fn patience(claimed: &Claimed, random: &impl Fn(u64) -> u64) -> Duration {
    let bound = doubled(claimed.attempts, LONGEST_PAUSE);
    Duration::from_millis(bound / 2 + random(bound / 2))
}

fn doubled(attempts: i64, longest: Duration) -> u64 {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(u32::try_from(attempts).unwrap_or(0)));
    u64::try_from(doubled.min(longest).as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Letter;
    use crate::types::Message;

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
            behind: 0,
        }
    }

    fn ambiguous(platform: Platform, purpose: Purpose, unclear: i64) -> Verdict {
        verdict(&claimed(platform, purpose, 0, unclear), &SendError::Ambiguous("504".into()), |max| max)
    }

    #[test]
    fn help_is_never_given_up_and_tried_again_at_once() {
        let help = |attempts, unclear| Claimed {
            priority: HELP,
            ..claimed(Platform::Telegram, Purpose::Reply, attempts, unclear)
        };
        for tries in [0, 1, 16, 150] {
            let failed = verdict(&help(tries, tries), &SendError::Failed("503".into()), |max| max);
            assert_eq!(failed, Verdict::Unclear { pause: Duration::from_secs(4) });
            let not_sent = verdict(&help(tries, 0), &SendError::NotSent("DNS".into()), |max| max);
            assert!(matches!(not_sent, Verdict::Again { pause, .. } if pause == Duration::from_secs(4)));
        }
        let pauses = [0, 1, 5, 500].map(|unclear| {
            match verdict(&help(unclear, unclear), &SendError::Ambiguous(String::new()), |max| max) {
                Verdict::Unclear { pause } => pause.as_secs(),
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(pauses, [2, 4, 64, 600]);
    }

    #[test]
    fn what_may_have_arrived_is_repeated_only_where_that_is_better() {
        let again = Verdict::Unclear { pause: Duration::from_secs(2) };
        let over = Verdict::Over(End::Unknown, "unclear");
        let cases = [
            (Platform::Telegram, Purpose::Reply, 0, &again),
            (Platform::Telegram, Purpose::Reply, 1, &over),
            (Platform::Telegram, Purpose::Reminder, 0, &again),
            (Platform::Telegram, Purpose::Nudge, 0, &over),
            (Platform::Discord, Purpose::Nudge, 3, &again),
            (Platform::Discord, Purpose::Reply, 9, &again),
            (Platform::Console, Purpose::Nudge, 9, &again),
        ];
        for (platform, purpose, unclear, expected) in cases {
            let found = ambiguous(platform, purpose, unclear);
            assert_eq!(&found, expected, "{platform} {purpose:?}, {unclear} unclear");
        }
    }

    #[test]
    fn a_change_of_a_message_may_be_made_twice() {
        let message = Message { edits: true, ..Message::default() };
        let letter = Letter { account: "7".into(), place: None, message, reply: None, silent: false };
        let edit = |unclear| Claimed {
            letter: Some(letter.clone()),
            ..claimed(Platform::Telegram, Purpose::Nudge, 0, unclear)
        };
        let repeats = [0, 2, 3].map(|unclear| may_repeat(&edit(unclear)));
        assert_eq!(repeats, [true, true, false]);
    }

    #[test]
    fn what_a_platform_forgot_is_looked_for() {
        let late = Timestamp::from_second(121).unwrap();
        let since = |unclear, now| look_since(&claimed(Platform::Discord, Purpose::Reply, 1, unclear), now);
        assert_eq!(since(1, late), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(since(1, Timestamp::from_second(119).unwrap()), None, "its number is still known");
        assert_eq!(since(0, late), None, "nothing of it can have arrived");
    }

    #[test]
    fn each_end_of_the_program_repeats_an_answer_and_a_reminder_and_no_nudge() {
        let again = Verdict::Unclear { pause: Duration::from_secs(2) };
        let over = Verdict::Over(End::Unknown, "unclear");
        let cases = [
            (Platform::Telegram, Purpose::Reply, 0, &again),
            (Platform::Telegram, Purpose::Reply, 4, &again),
            (Platform::Telegram, Purpose::Reply, 5, &over),
            (Platform::Telegram, Purpose::Reminder, 4, &again),
            (Platform::Telegram, Purpose::Nudge, 0, &over),
            (Platform::Discord, Purpose::Reminder, 4, &again),
            (Platform::Discord, Purpose::Nudge, 9, &again),
        ];
        for (platform, purpose, unclear, expected) in cases {
            let found = verdict_without_sender(&claimed(platform, purpose, 0, unclear), |max| max);
            assert_eq!(&found, expected, "{platform} {purpose:?}, {unclear} unclear");
        }
    }

    #[test]
    fn what_the_platform_failed_at_is_tried_for_more_than_half_an_hour() {
        let decide = |unclear, roll: fn(u64) -> u64| {
            let row = claimed(Platform::Telegram, Purpose::Nudge, unclear, unclear);
            verdict(&row, &SendError::Failed("502".into()), roll)
        };
        let pauses = (0..FAILURES).map(|unclear| match decide(unclear, |_| 0) {
            Verdict::Unclear { pause } => pause,
            other => panic!("{other:?}"),
        });
        assert!(pauses.sum::<Duration>() > Duration::from_mins(40), "at the least");
        assert_eq!(decide(3, |max| max), Verdict::Unclear { pause: Duration::from_secs(16) });
        assert_eq!(decide(FAILURES, |max| max), Verdict::Over(End::Unknown, "unclear"));
    }

    #[test]
    fn pauses_double_up_to_ten_minutes_and_are_spread() {
        let pause = |purpose, attempts, roll: fn(u64) -> u64| {
            backoff(&claimed(Platform::Telegram, purpose, attempts, 0), &roll).as_millis()
        };
        let of_nudges = [0, 1, 5, 9, 60].map(|attempts| pause(Purpose::Nudge, attempts, |max| max));
        assert_eq!(of_nudges, [2000, 4000, 64_000, 600_000, 600_000]);
        assert_eq!(pause(Purpose::Reply, 60, |max| max), 60_000, "somebody waits for an answer");
        assert_eq!(pause(Purpose::Nudge, 5, |_| 0), 1);
    }

    #[test]
    fn the_other_answers_have_one_meaning_each() {
        let row = claimed(Platform::Telegram, Purpose::Reply, 0, 0);
        let decide = |error| verdict(&row, &error, |_| 0);
        let wait = Duration::from_secs(3);
        let cases = [
            (
                SendError::NotSent("dns".into()),
                Verdict::Again { pause: Duration::from_millis(1), counts: true, code: "not_sent" },
            ),
            (
                SendError::RateLimited { retry_after: wait, who: Waits::Bulk },
                Verdict::Wait { pause: wait, who: Waits::Bulk },
            ),
            (SendError::Gone("403".into()), Verdict::Gone),
            (SendError::Moved { to: "-100".into() }, Verdict::Moved("-100".into())),
            (SendError::Refused("400".into()), Verdict::Over(End::Dead, "refused")),
            (SendError::Unauthorized, Verdict::Stop),
        ];
        for (error, expected) in cases {
            assert_eq!(decide(error.clone()), expected, "{error}");
        }
        let lost = claimed(Platform::Telegram, Purpose::Reply, MOVES, 0);
        let moved = verdict(&lost, &SendError::Moved { to: "x".into() }, |_| 0);
        assert_eq!(moved, Verdict::Over(End::Dead, "moved_too_often"));
    }
}
