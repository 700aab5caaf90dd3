//! How persons differ: a handful of styles, each a row of chances.

/// What somebody is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::simulate) enum Style {
    /// Answers most of what comes.
    Steady,
    /// Answers hours later, or not at all.
    Forgetful,
    /// Types as little as possible, and skips.
    Terse,
    /// Types a lot, and comes often.
    Talkative,
    /// Mistypes, and says something else than what is asked.
    Confused,
    /// Is away for two weeks and comes back.
    Away,
    /// Leaves in the middle, or says stop.
    Quitter,
    /// Presses old buttons, and buttons twice.
    Fumbler,
    /// Begins something else in the middle.
    Switcher,
    /// Flies to another zone and says so.
    Traveller,
    /// Says sentences of somebody in danger.
    InDanger,
    /// Writes long texts.
    Writer,
    /// Writes in another language.
    OtherTongue,
}

impl Style {
    /// All of them; person number n has the n-th.
    const ALL: [Style; 13] = [
        Style::Steady,
        Style::Forgetful,
        Style::Terse,
        Style::Talkative,
        Style::Confused,
        Style::Away,
        Style::Quitter,
        Style::Fumbler,
        Style::Switcher,
        Style::Traveller,
        Style::InDanger,
        Style::Writer,
        Style::OtherTongue,
    ];

    pub(super) fn of(number: u32) -> Self {
        Self::ALL[number as usize % Self::ALL.len()]
    }

    pub(super) fn traits(self) -> Traits {
        let usual = Traits::USUAL;
        match self {
            Style::Steady => usual,
            Style::Forgetful => Traits { attends: 0.4, lag: 600, stays: 0.88, visits: 0.08, ..usual },
            Style::Terse => Traits { types: 0.6, skips: 0.5, short: true, pace: 6, ..usual },
            Style::Talkative => Traits { types: 0.7, visits: 0.7, long: 0.1, pace: 40, ..usual },
            Style::Confused => Traits { confused: 0.45, types: 0.5, reserved: 0.08, stays: 0.93, ..usual },
            Style::Away => Traits { away_days: 14, ..usual },
            Style::Quitter => Traits { stays: 0.75, reserved: 0.12, visits: 0.4, ..usual },
            Style::Fumbler => Traits { old_button: 0.2, double: 0.2, ..usual },
            Style::Switcher => Traits { switches: 0.2, visits: 0.8, ..usual },
            Style::Traveller => Traits { travels: true, ..usual },
            Style::InDanger => Traits { danger: 0.05, skips: 0.3, ..usual },
            Style::Writer => Traits { long: 0.4, types: 0.6, pace: 90, visits: 0.4, ..usual },
            Style::OtherTongue => Traits { other_tongue: true, types: 0.4, ..usual },
        }
    }
}

/// Chances, each from 0 to 1, and a few figures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// That a message that came by itself is answered the same day.
    pub attends: f64,
    /// Within how many minutes, at most.
    pub lag: u32,
    /// On each day, that they come by themselves.
    pub visits: f64,
    /// After each answer, that they go on.
    pub stays: f64,
    /// That they type where there are buttons.
    pub types: f64,
    /// That they skip what can be skipped.
    pub skips: f64,
    /// That what they type is not what was asked.
    pub confused: f64,
    /// That they say a word that works everywhere: stop, back, help.
    pub reserved: f64,
    /// That they begin something else.
    pub switches: f64,
    /// That they press a button of an earlier question.
    pub old_button: f64,
    /// That they press twice.
    pub double: f64,
    /// That they say something that sounds like danger.
    pub danger: f64,
    /// That a text is very long.
    pub long: f64,
    /// Seconds to an answer, about.
    pub pace: u32,
    /// For how many days they are gone, once.
    pub away_days: u32,
    pub short: bool,
    pub travels: bool,
    pub other_tongue: bool,
}

impl Traits {
    const USUAL: Traits = Traits {
        attends: 0.93,
        lag: 45,
        visits: 0.15,
        stays: 0.985,
        types: 0.2,
        skips: 0.12,
        confused: 0.03,
        reserved: 0.02,
        switches: 0.01,
        old_button: 0.01,
        double: 0.01,
        danger: 0.0,
        long: 0.01,
        pace: 15,
        away_days: 0,
        short: false,
        travels: false,
        other_tongue: false,
    };
}
