//! The seam: a plate seen from above, with its cracks and the gold in them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::chance::Chance;
use super::cracks::{self, Crack, Point, RADIUS};
use super::gold::{self, Stretch};
use crate::types::Theme;

/// How wide and how high the picture is.
pub(super) const SIDE: u32 = 1080;
/// Where the flat middle of the plate ends, and how broad the bend is.
const WELL: f64 = 318.0;
const BEND: f64 = 26.0;

/// The plate as SVG.
pub(super) fn svg(plate: u64, full: u32, thin: u32, theme: Theme) -> String {
    let cracks = cracks::cracks(plate);
    let look = Look::of(plate, theme);
    let mut out = super::svg::open(SIDE, SIDE);
    look.definitions(&mut out);
    let _ = write!(
        out,
        r#"<rect width="{SIDE}" height="{SIDE}" fill="url(#table)"/><g transform="translate(540 540)" fill="none" stroke-linecap="round" stroke-linejoin="bevel">"#
    );
    look.body(&mut out);
    speckles(&mut out, plate, &look);
    // Nothing is seen of a crack under its gold.
    hairlines(&mut out, &cracks[gold::gilded(&cracks, full, thin)..], &look);
    seam(&mut out, &gold::stretches(&cracks, full, thin), &look);
    out.push_str("</g></svg>");
    out
}

/// Colours of one plate.
struct Look {
    table: [&'static str; 2],
    /// The glaze where light falls on it, and away from the light.
    glaze: [&'static str; 2],
    /// Where the glaze runs thin: the edge of the rim.
    edge: &'static str,
    speckle: &'static str,
    crack: &'static str,
    /// How much light and how much shadow its bends show, from 0 to 1.
    relief: [f64; 2],
    cast: f64,
    hairline: [f64; 4],
}

impl Look {
    /// Each plate has one of four glazes.
    fn of(plate: u64, theme: Theme) -> Self {
        let glaze = Chance::new(!plate).among(4);
        match theme {
            Theme::Light => Self {
                table: ["#f6f1e9", "#e3dacd"],
                glaze: [["#f2f7f1", "#b7cabd"], ["#faf7f1", "#cdc2b0"], ["#f0f5f9", "#b2c2cf"], ["#f9f2ef", "#ccb8b0"]]
                    [glaze],
                edge: "#8a7358",
                speckle: "#6d5a43",
                crack: "#4d463c",
                relief: [0.80, 0.20],
                cast: 0.24,
                hairline: [0.30, 0.19, 0.10, 0.06],
            },
            Theme::Dark => Self {
                table: ["#1d1f24", "#0c0d10"],
                glaze: [["#3b5470", "#101a28"], ["#4a4844", "#161515"], ["#38605c", "#0f1f20"], ["#5a4352", "#1b131a"]]
                    [glaze],
                edge: "#a98c63",
                speckle: "#dfe6ee",
                crack: "#05070a",
                relief: [0.20, 0.42],
                cast: 0.75,
                hairline: [0.42, 0.30, 0.18, 0.10],
            },
        }
    }

    fn definitions(&self, out: &mut String) {
        let [near, far] = self.table;
        let [lit, away] = self.glaze;
        let [light, shadow] = self.relief;
        let cast = self.cast;
        let _ = write!(
            out,
            r##"<defs>
<linearGradient id="table" x1="0" y1="0" x2=".7" y2="1"><stop offset="0" stop-color="{near}"/><stop offset="1" stop-color="{far}"/></linearGradient>
<radialGradient id="cast" gradientUnits="userSpaceOnUse" cx="0" cy="0" r="526"><stop offset=".86" stop-color="#000" stop-opacity="{cast}"/><stop offset="1" stop-color="#000" stop-opacity="0"/></radialGradient>
<linearGradient id="glaze" x1=".12" y1=".08" x2=".88" y2=".92"><stop offset="0" stop-color="{lit}"/><stop offset="1" stop-color="{away}"/></linearGradient>
<linearGradient id="down" x1=".15" y1=".10" x2=".85" y2=".90"><stop offset="0" stop-color="#fff" stop-opacity="{light}"/><stop offset=".45" stop-color="#fff" stop-opacity="0"/><stop offset=".55" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity="{shadow}"/></linearGradient>
<radialGradient id="wall" gradientUnits="userSpaceOnUse" cx="0" cy="0" r="{foot}" fx="120" fy="130"><stop offset=".80" stop-color="#000" stop-opacity="0"/><stop offset=".94" stop-color="#000" stop-opacity="{shadow}"/><stop offset="1" stop-color="#000" stop-opacity="0"/></radialGradient>
<radialGradient id="lit" gradientUnits="userSpaceOnUse" cx="0" cy="0" r="{foot}" fx="-120" fy="-130"><stop offset=".82" stop-color="#fff" stop-opacity="0"/><stop offset=".95" stop-color="#fff" stop-opacity="{light}"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
<radialGradient id="shine"><stop offset="0" stop-color="#fff" stop-opacity="{shine}"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
<linearGradient id="gold" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="120" y2="170" spreadMethod="reflect"><stop offset="0" stop-color="#b27a1e"/><stop offset=".35" stop-color="#d9a53a"/><stop offset=".62" stop-color="#f3d27a"/><stop offset=".8" stop-color="#e0ad45"/><stop offset="1" stop-color="#c08a28"/></linearGradient>
</defs>"##,
            foot = WELL + BEND,
            shine = light * 0.5,
        );
    }

    /// The plate without its cracks: its shadow, the rim, the bend down to the middle, and the light on the glaze.
    fn body(&self, out: &mut String) {
        let edge = self.edge;
        let rim = RADIUS + 4.0;
        let _ = write!(
            out,
            r##"<circle r="474" transform="translate(14 26)" stroke="url(#cast)" stroke-width="104"/><circle r="{rim}" fill="url(#glaze)"/>"##
        );
        // The wall of the well: dark where it turns away from the light, lit on the other side. A focus out of the middle makes the
        // one side broad and soft and the other thin.
        let _ = write!(
            out,
            r#"<circle r="{middle}" stroke="url(#wall)" stroke-width="{broad}"/><circle r="{middle}" stroke="url(#lit)" stroke-width="{broad}"/>"#,
            middle = WELL - BEND * 1.5,
            broad = BEND * 5.0,
        );
        let _ = write!(
            out,
            r##"<circle r="{}" stroke="url(#down)" stroke-width="15" stroke-opacity="0.4"/>"##,
            RADIUS - 5.0
        );
        let _ = write!(
            out,
            r##"<circle r="{RADIUS}" stroke="{edge}" stroke-width="7" stroke-opacity=".22"/><circle r="{}" stroke="{edge}" stroke-width="3" stroke-opacity=".5"/><ellipse cx="-150" cy="-190" rx="250" ry="170" transform="rotate(-38 -150 -190)" fill="url(#shine)"/>"##,
            RADIUS + 2.5,
        );
    }
}

/// Small dark grains in the glaze.
fn speckles(out: &mut String, plate: u64, look: &Look) {
    let mut chance = Chance::new(plate ^ 0x5eed);
    for (count, width, opacity) in [(170, 1.6, 0.20), (70, 2.6, 0.16), (16, 4.4, 0.12)] {
        let mut dots = String::new();
        for _ in 0..count {
            let (angle, radius) = (chance.angle(), chance.unit().sqrt() * (RADIUS - 8.0));
            let _ = write!(dots, "M{:.1} {:.1}h.01", angle.cos() * radius, angle.sin() * radius);
        }
        let _ = write!(
            out,
            r#"<path d="{dots}" stroke="{}" stroke-width="{width}" stroke-opacity="{opacity}"/>"#,
            look.speckle
        );
    }
}

/// The cracks themselves, with a thin light beside each, as if cut into the glaze.
fn hairlines(out: &mut String, cracks: &[Crack], look: &Look) {
    for (level, opacity) in look.hairline.iter().enumerate() {
        let lines: String =
            cracks.iter().filter(|crack| crack.level == level).map(|crack| line(&crack.points)).collect();
        let width = [1.7, 1.4, 1.15, 1.0][level];
        let light = opacity * look.relief[0] * 0.6;
        if level < 2 {
            let _ = write!(
                out,
                r##"<path d="{lines}" stroke="#fff" stroke-opacity="{light:.3}" stroke-width="{width}" transform="translate(1.1 1.1)"/>"##
            );
        }
        let _ = write!(
            out,
            r#"<path d="{lines}" stroke="{}" stroke-opacity="{opacity}" stroke-width="{width}"/>"#,
            look.crack
        );
    }
}

/// One coat of the seam.
struct Coat {
    colour: &'static str,
    opacity: f64,
    cap: &'static str,
    /// Widths are rounded up to so many grains: the fewer widths, the quicker it is drawn.
    grains: u32,
    /// How wide it is beside the gold, and how much wider.
    width: (f64, f64),
    /// How far it lies beside the middle, for each pixel of its width, and in all.
    aside: (f64, f64),
}

/// The gold: a soft shadow, a dark edge, the metal, and the light on it, each over the whole seam before the next.
fn seam(out: &mut String, stretches: &[Stretch], look: &Look) {
    let shadow = look.cast * 0.5;
    let coats = [
        Coat { colour: "#000", opacity: shadow, cap: "butt", grains: 3, width: (1.0, 3.2), aside: (0.0, 2.1) },
        Coat { colour: "#6b4710", opacity: 1.0, cap: "round", grains: 2, width: (1.0, 1.0), aside: (0.0, 0.6) },
        Coat { colour: "url(#gold)", opacity: 1.0, cap: "round", grains: 1, width: (1.0, 0.0), aside: (0.0, 0.0) },
        Coat { colour: "#fbe9ad", opacity: 1.0, cap: "round", grains: 3, width: (0.20, 0.0), aside: (-0.15, 0.0) },
    ];
    for coat in coats {
        for (grains, lines) in by_width(stretches, coat.grains) {
            let gold = Stretch::width(grains);
            let _ = write!(
                out,
                r#"<path d="{lines}" stroke="{}" stroke-opacity="{:.2}" stroke-linecap="{}" stroke-width="{:.2}" transform="translate({aside:.2} {aside:.2})"/>"#,
                coat.colour,
                coat.opacity,
                coat.cap,
                gold * coat.width.0 + coat.width.1,
                aside = gold * coat.aside.0 + coat.aside.1,
            );
        }
    }
}

/// Lines of the same width as one path each, with widths rounded up to so many grains.
fn by_width(stretches: &[Stretch], to: u32) -> BTreeMap<u32, String> {
    let mut paths: BTreeMap<u32, String> = BTreeMap::new();
    let mut last = None;
    for stretch in stretches {
        let grains = stretch.grains.div_ceil(to) * to;
        let path = paths.entry(grains).or_default();
        match last == Some((grains, stretch.points[0])) {
            true => path.push_str(&line(&stretch.points[1..]).replacen('M', "L", 1)),
            false => path.push_str(&line(&stretch.points)),
        }
        last = Some((grains, stretch.points[stretch.points.len() - 1]));
    }
    paths
}

fn line(points: &[Point]) -> String {
    let mut out = String::with_capacity(points.len() * 12);
    for (index, point) in points.iter().enumerate() {
        let _ = write!(out, "{}{:.1} {:.1}", if index == 0 { 'M' } else { 'L' }, point.x, point.y);
    }
    out
}
