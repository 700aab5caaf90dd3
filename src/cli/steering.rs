//! Times from the command line, and lines that begin with `:`: they steer the program and are no part of the conversation.

use anyhow::{Context as _, anyhow};
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

/// A moment from the command line.
#[derive(Clone, Debug)]
pub(super) enum Start {
    Zoned(Timestamp),
    Civil(DateTime),
}

impl Start {
    /// The instant; `zone` counts when none was given.
    pub(super) fn at(&self, zone: &TimeZone) -> anyhow::Result<Timestamp> {
        match self {
            Start::Zoned(at) => Ok(*at),
            Start::Civil(civil) => Ok(zone.to_timestamp(*civil)?),
        }
    }
}

/// Reads a `--now`.
pub(super) fn parse_now(text: &str) -> Result<Start, String> {
    const EXAMPLE: &str = "write it like 2026-03-02T20:00 or 2026-03-02T20:00[Europe/Vienna]";
    if text.contains('[') {
        return text.parse::<Zoned>().map(|zoned| Start::Zoned(zoned.timestamp())).map_err(|_| EXAMPLE.into());
    }
    text.parse::<DateTime>().map(Start::Civil).map_err(|_| EXAMPLE.into())
}

/// What an author wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Steering {
    /// The program starts again from what is stored.
    Restart,
    /// One question back.
    Back,
    /// The script anew, as it was at first.
    Again,
    /// Where somebody stands.
    State,
    /// Where that is written.
    Edit,
    Help,
    Quit,
    /// Time passes until then.
    Until(Timestamp),
}

/// What each line does; `true` for those that only a script that is played knows.
const LINES: [(&str, &str, bool); 7] = [
    (":+4h", "time passes (m, h, d); `:tomorrow 20:00` and `:at 2026-03-29T02:30` as well", false),
    (":back", "one question back", false),
    (":again", "the script anew, as it was at first", true),
    (":restart", "as after a restart of the program", false),
    (":state", "where you stand", false),
    (":edit", "where that is written", true),
    (":quit", "the end", false),
];

/// All lines, one under the other.
pub(super) fn help(playing: bool) -> String {
    let shown = LINES.iter().filter(|(.., only_played)| playing || !only_played);
    shown.map(|(line, does, _)| format!("{line:<9} {does}")).collect::<Vec<_>>().join("\n")
}

/// Reads the words behind the colon. `here` is the time on the person's clock.
pub(super) fn read(words: &str, here: &Zoned) -> anyhow::Result<Steering> {
    Ok(match words {
        "restart" => Steering::Restart,
        "back" => Steering::Back,
        "again" => Steering::Again,
        "state" => Steering::State,
        "edit" => Steering::Edit,
        "" | "help" => Steering::Help,
        "quit" | "q" => Steering::Quit,
        _ => Steering::Until(target(words, here)?),
    })
}

/// The moment that steering words mean, on the person's clock.
fn target(words: &str, here: &Zoned) -> anyhow::Result<Timestamp> {
    let unknown = || anyhow!("`:{words}` is not known. `:help` shows what is.");
    if let Some(amount) = words.strip_prefix('+') {
        let unit_at = amount.find(|c: char| !c.is_ascii_digit()).ok_or_else(unknown)?;
        let number: i64 = amount[..unit_at].parse().map_err(|_| unknown())?;
        let unit = match amount[unit_at..].trim() {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(unknown()),
        };
        let seconds =
            number.checked_mul(unit).filter(|s| *s <= 10 * 366 * 86_400).context("that is more than ten years")?;
        return Ok(here.timestamp().checked_add(SignedDuration::from_secs(seconds))?);
    }
    let (day, time) = words.split_once(' ').ok_or_else(unknown)?;
    let civil = match day {
        "at" => time.trim().replace(' ', "T").parse::<DateTime>().map_err(|_| unknown())?,
        "today" | "tomorrow" => {
            let date = if day == "today" { here.date() } else { here.date().checked_add(1.day())? };
            date.to_datetime(Time::strptime("%H:%M", time.trim()).map_err(|_| unknown())?)
        }
        _ => return Err(unknown()),
    };
    Ok(here.time_zone().to_timestamp(civil)?)
}

/// A time as it is shown to people.
pub(super) fn shown(here: &Zoned) -> String {
    let zone = here.time_zone().iana_name().unwrap_or("UTC");
    format!("{} {zone}", here.strftime("%A, %-d %B %Y, %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(words: &str) -> String {
        let here = "2026-03-28T21:00[Europe/Vienna]".parse::<Zoned>().unwrap();
        target(words, &here).map_or_else(|error| error.to_string(), |at| at.to_string())
    }

    #[test]
    fn time_is_steered_on_the_persons_clock() {
        assert_eq!(at("+5h"), "2026-03-29T01:00:00Z");
        assert_eq!(at("tomorrow 20:00"), "2026-03-29T18:00:00Z");
        assert_eq!(at("at 2026-03-29T02:30"), "2026-03-29T01:30:00Z", "a time that does not exist moves by the gap");
        for words in ["+5", "+5x", "soon", "tomorrow", "at noon", "+99999999999d"] {
            assert!(at(words).contains("known") || at(words).contains("ten years"), "{words}");
        }
    }

    #[test]
    fn help_names_only_what_works_here() {
        assert!(help(true).contains(":again") && !help(false).contains(":again"));
        let here = "2026-03-28T21:00[Europe/Vienna]".parse::<Zoned>().unwrap();
        for (line, ..) in LINES {
            assert!(read(&line[1..], &here).is_ok(), "{line}");
        }
    }
}
