//! Pictures: the same numbers make the same file, gold stays gold, and every size of a life can be drawn.

mod support;

use goldseam::picture;
use goldseam::practice::promise::{Days, Promise, Standing};
use goldseam::types::{Drawing, PersonId, Private, Subject, Theme, Week};
use jiff::ToSpan as _;
use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::json;
use support::bot::{BotTester, On, Person};
use support::fake_discord::Fault;
use support::fake_telegram::Trouble;
use support::png::Image;

/// So many pieces, two in three of them broad.
fn seam(plate: u64, pieces: u32, theme: Theme) -> Drawing {
    seam_of(plate, (pieces - pieces / 3, pieces / 3), theme)
}

fn seam_of(plate: u64, (full, thin): (u32, u32), theme: Theme) -> Drawing {
    Drawing { subject: Subject::Seam { plate, full, thin }, theme }
}

#[track_caller]
fn drawn(drawing: &Drawing) -> Image {
    Image::read(&picture::draw(drawing).unwrap())
}

/// Gold as it is on every plate: much more red than blue. No glaze and no table is like that.
fn is_gold(pixel: [u8; 3], least: i32) -> bool {
    let [red, green, blue] = pixel.map(i32::from);
    red > green && green > blue && red - blue > least
}

#[test]
fn what_is_gold_stays_gold() {
    // More of either kind, and a thin piece that becomes a broad one because what was told ahead was kept.
    let lives: &[(u32, u32)] = &[(0, 0), (1, 0), (1, 1), (2, 1), (3, 0), (3, 9), (8, 9), (9, 8), (21, 30), (61, 30)];
    for (theme, plate, lives) in [(Theme::Light, 3, lives), (Theme::Dark, 11, &lives[6..])] {
        let images: Vec<Image> = lives.iter().map(|pieces| drawn(&seam_of(plate, *pieces, theme))).collect();
        for (index, pair) in images.windows(2).enumerate() {
            let both = pair[0].pixels.iter().zip(&pair[1].pixels);
            let lost = both.filter(|(before, after)| is_gold(**before, 90) && !is_gold(**after, 60)).count();
            assert_eq!(lost, 0, "{theme:?}: from {:?} to {:?}", lives[index], lives[index + 1]);
        }
    }
}

#[test]
fn each_piece_shows_and_there_is_always_room_for_more() {
    let count = |pieces: u32| {
        let image = drawn(&seam(5, pieces, Theme::Light));
        image.pixels.iter().filter(|pixel| is_gold(**pixel, 90)).count()
    };
    let counts = [0, 1, 2, 7, 60, 400, 2000].map(count);
    assert_eq!(counts[0], 0, "a plate without gold");
    assert!(counts.is_sorted_by(|one, next| one < next), "{counts:?}");
    assert!(counts[1] > 120, "one piece can be seen: {counts:?}");
    assert!(counts[6] < 720 * 720 / 6, "a plate, not a bar of gold: {counts:?}");
}

#[test]
fn the_same_numbers_make_the_same_file_and_another_person_has_another_plate() {
    let file = |plate| picture::draw(&seam(plate, 9, Theme::Light)).unwrap();
    assert_eq!(file(7), file(7));
    assert_ne!(file(7), file(8));
}

#[test]
fn every_plate_can_be_drawn() {
    for plate in [0, 1, 2, u64::MAX, 0x9e37_79b9_7f4a_7c15] {
        let image = drawn(&seam(plate, 1000, Theme::Dark));
        assert_eq!((image.width, image.height), (720, 720), "plate {plate}");
        assert!(image.pixels.iter().any(|pixel| is_gold(*pixel, 90)), "plate {plate}");
    }
}

fn charts(theme: Theme) -> Vec<(&'static str, Drawing, (u32, u32))> {
    let mood = |day: u16| (day % 4 != 3).then_some((day % 5) as u8 + 1);
    let ends = ["2 Mar".to_owned(), "12 Apr".to_owned()];
    let week = |said: u16| Week { label: "2 & 3 <Mar>".into(), said, done: said / 2, repaired: 1, ahead: said };
    let none = Subject::Mood { days: vec![], ends: ends.clone() };
    let one = Subject::Mood { days: vec![Some(9)], ends: ends.clone() };
    let line = Subject::Mood { days: (0..90).map(mood).collect(), ends };
    let year = Subject::Year { first: date(2024, 2, 29), moods: (0..366).map(mood).collect() };
    let long = Subject::Year { first: date(2024, 1, 1), moods: (0..2000).map(mood).collect() };
    let bars = Subject::Bars { weeks: (0..12).map(week).collect() };
    let subjects = [
        ("no days", none, (1080, 720)),
        ("one day", one, (1080, 720)),
        ("mood", line, (1080, 720)),
        ("year", year, (1080, 1264)),
        ("more than a year", long, (1080, 1264)),
        ("bars", bars, (1080, 720)),
        ("no weeks", Subject::Bars { weeks: vec![] }, (1080, 720)),
        ("no moods", Subject::Year { first: date(2024, 1, 1), moods: vec![] }, (1080, 1264)),
    ];
    subjects.map(|(name, subject, size)| (name, Drawing { subject, theme }, size)).into()
}

#[test]
fn charts_are_drawn_from_nothing_to_too_much() {
    for (name, drawing, size) in charts(Theme::Light).into_iter().chain(charts(Theme::Dark).into_iter().take(3)) {
        let image = drawn(&drawing);
        assert_eq!((image.width, image.height), size, "{name}");
        assert_eq!(picture::svg(&drawing), picture::svg(&drawing), "{name}");
    }
}

#[test]
fn what_is_written_in_a_picture_is_drawn_with_the_font_that_is_inside() {
    let with = |label: &str| {
        let weeks = vec![Week { label: label.into(), said: 4, done: 2, ..Week::default() }];
        drawn(&Drawing { subject: Subject::Bars { weeks }, theme: Theme::Light })
    };
    assert_ne!(with("2 Mar").pixels, with("").pixels);
    assert_ne!(with("2 мар").pixels, with("2 ").pixels, "other alphabets of Europe are there too");
}

#[test]
fn a_picture_can_be_small() {
    let pixels = picture::pixels(&seam(7, 7, Theme::Dark), 80).unwrap();
    assert_eq!((pixels.width, pixels.height), (80, 80));
    assert_eq!(pixels.rgb.len(), 80 * 80 * 3);
}

// ---- the whole way, from a command to the chat ----

const WELCOME: [&str; 9] =
    ["/start", "18 or older", "Agree", "skip", "skip", "Vienna", "Yes", "Morning, 08:00", "Not yet"];

async fn welcomed(bot: &BotTester) -> Person<'_> {
    let ana = bot.person(42);
    for words in WELCOME {
        ana.says(words).await;
    }
    ana
}

/// Size and words of the pictures that somebody got, in order.
fn shown(bot: &BotTester, ana: Person<'_>) -> Vec<(u32, String)> {
    let all: Vec<(Vec<u8>, String)> = match bot.on {
        On::Telegram => {
            let sent = bot.telegram.sent_to(42).into_iter();
            sent.filter_map(|message| Some((message.picture?, message.plain))).collect()
        }
        On::Discord => ana.on_discord().sent().into_iter().filter_map(|message| message.picture).collect(),
        On::Console => vec![],
    };
    all.into_iter().map(|(file, words)| (Image::read(&file).height, words)).collect()
}

#[tokio::test]
async fn a_plate_arrives_on_telegram_with_its_words_also_after_trouble() {
    let bot = BotTester::on(On::Telegram).await;
    let ana = welcomed(&bot).await;
    ana.says("/seam").await;
    bot.telegram.next_goes_wrong("sendPhoto", Trouble::TooManyRequests(3));
    ana.says("/seam").await;
    assert_eq!(shown(&bot, ana).len(), 1, "it waits as it was told");
    bot.passes("1m").await;
    bot.telegram.next_goes_wrong("sendPhoto", Trouble::Raw(504, "<html>".into()));
    ana.says("/seam").await;
    bot.passes("2m").await;
    let all = shown(&bot, ana);
    assert_eq!(all.len(), 3, "{}", bot.told());
    for (height, words) in all {
        assert_eq!(height, 720);
        assert!(words.starts_with("This is your plate."), "{words}");
    }
    bot.broke_no_rule();
}

#[tokio::test]
async fn a_plate_arrives_on_discord_with_its_words_also_after_trouble() {
    let bot = BotTester::on(On::Discord).await;
    let ana = welcomed(&bot).await;
    ana.says("my seam").await;
    let limited = json!({ "retry_after": 3.0, "global": false, "message": "slow" }).to_string();
    bot.discord.fault("/messages", Fault::Answer(429, limited, vec![]));
    ana.says("my seam").await;
    bot.passes("1m").await;
    bot.discord.fault("/messages", Fault::LoseAnswer);
    ana.says("my seam").await;
    bot.passes("2m").await;
    let all = shown(&bot, ana);
    assert_eq!(all.len(), 3, "{}", bot.told());
    assert!(all.iter().all(|(height, words)| *height == 720 && words.starts_with("This is your plate.")), "{all:?}");
    bot.broke_no_rule();
}

/// A week in which one promise was kept each day.
async fn a_week_of_kept_promises(bot: &BotTester) {
    let (store, now) = (bot.store().await, bot.clock.now().to_zoned(TimeZone::UTC));
    let mut tx = store.begin().await.unwrap();
    for number in 0..7 {
        let then = &now - number.days();
        let (id, day, at) = (format!("past.{number}"), then.date(), then.timestamp());
        let days = Some(Days { made: day, due: day });
        let (text, to) = (Private::new("A promise"), Private::new("me"));
        let promise = Promise { id: id.clone(), text, to, due: at, standing: Standing::Open, sure: None, days };
        // Nobody else is here.
        tx.keep_promise(PersonId(1), &promise, at);
        tx.settle_promise(PersonId(1), &id, Standing::Kept, (day, at));
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn progress_and_the_look_back_at_the_week_come_with_pictures_on_both_platforms() {
    for on in [On::Telegram, On::Discord] {
        let bot = BotTester::on(on).await;
        let ana = welcomed(&bot).await;
        a_week_of_kept_promises(&bot).await;
        ana.says("/progress").await;
        ana.says("that is enough").await;
        ana.says("/lookback").await;
        let all = shown(&bot, ana);
        let [(bars, progress), (plate, week)] = &all[..] else { panic!("{all:?} {}", bot.told()) };
        assert_eq!((*bars, *plate), (720, 720));
        assert!(progress.contains("Eight weeks: ") && progress.contains("Times you came back"), "{progress}");
        assert!(week.starts_with("Your week") && week.contains("Pieces of gold on your plate"), "{week}");
        bot.broke_no_rule();
    }
}

#[tokio::test]
async fn in_a_pipe_there_are_only_the_words() {
    let bot = BotTester::on(On::Console).await;
    let ana = welcomed(&bot).await;
    ana.says("/seam").await;
    ana.heard("This is your plate.");
    assert!(!ana.sees().iter().any(|message| message.text.contains('\u{2580}')));
}
