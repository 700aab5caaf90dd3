//! SVG to pixels, and pixels to PNG.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, Options, Tree, fontdb};

use super::NotDrawn;

static FONT: &[u8] = include_bytes!("fonts/DejaVuSans-subset.ttf");

/// An opaque picture, row by row, three bytes a pixel: red, green, blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// Draws an SVG with its longer side `scale` times as long.
pub(super) fn pixels(svg: &str, scale: f32) -> Result<Pixels, NotDrawn> {
    let tree = Tree::from_str(svg, &options()).map_err(|_| NotDrawn("the picture is no SVG"))?;
    let size = tree.size().to_int_size().scale_by(scale).ok_or(NotDrawn("the picture has no size"))?;
    let mut map = Pixmap::new(size.width(), size.height()).ok_or(NotDrawn("the picture has no size"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut map.as_mut());
    // Every picture has a background that covers it, so there is no transparency to undo.
    let mut rgb = Vec::with_capacity(map.data().len() / 4 * 3);
    map.data().chunks_exact(4).for_each(|pixel| rgb.extend_from_slice(&pixel[..3]));
    Ok(Pixels { width: size.width(), height: size.height(), rgb })
}

/// The one font there is. Nothing of the machine's is read.
fn options() -> Options<'static> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(FONT.to_vec());
        Arc::new(fonts)
    });
    Options { fontdb: fonts.clone(), ..usvg::Options::default() }
}

/// As a PNG file.
pub(super) fn encode(pixels: &Pixels) -> Result<Vec<u8>, NotDrawn> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width, pixels.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(|_| NotDrawn("the PNG has no header"))?;
    writer.write_image_data(&pixels.rgb).map_err(|_| NotDrawn("the PNG cannot be written"))?;
    writer.finish().map_err(|_| NotDrawn("the PNG has no end"))?;
    Ok(file)
}
